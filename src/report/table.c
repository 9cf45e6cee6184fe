/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* vasprintf() */
#include "report/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/utf8.h"

enum {
	HEAD_LINES = 2,
	HEAD_BYTES = 64,
	COLUMN_GAP = 2,
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells; /* row by row */
	size_t cell_count;
	size_t cell_space;
	bool failed;
};

struct table *table_new(const struct table_column *columns, size_t column_count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->column_count = column_count;
	return table;
}

void table_freep(struct table **table)
{
	if (!*table)
		return;
	for (size_t i = 0; i < (*table)->cell_count; i++)
		free((*table)->cells[i]);
	free((*table)->cells);
	free(*table);
	*table = NULL;
}

static bool table_grow(struct table *table)
{
	size_t space = table->cell_space ? table->cell_space * 2 : 64;
	char **cells;

	if (table->cell_count < table->cell_space)
		return true;
	cells = realloc(table->cells, space * sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->cell_space = space;
	return true;
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int bytes;

	va_start(arguments, format);
	bytes = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (bytes < 0 || !table_grow(table)) {
		if (bytes >= 0)
			free(text);
		table->failed = true;
		return;
	}
	table->cells[table->cell_count++] = text;
}

/* Line 0 or 1 of a heading. One of a single line stands on line 1, next to the rule. */
static void head_line(const char *head, unsigned line, char *text)
{
	const char *break_at = strchr(head, '\n');

	if (!break_at)
		snprintf(text, HEAD_BYTES, "%s", line == 0 ? "" : head);
	else if (line == 0)
		snprintf(text, HEAD_BYTES, "%.*s", (int)(break_at - head), head);
	else
		snprintf(text, HEAD_BYTES, "%s", break_at + 1);
}

static size_t column_width(const struct table *table, size_t column)
{
	char head[HEAD_BYTES];
	size_t width = 0;

	for (unsigned line = 0; line < HEAD_LINES; line++) {
		head_line(table->columns[column].head, line, head);
		if (utf8_width(head) > width)
			width = utf8_width(head);
	}
	for (size_t cell = column; cell < table->cell_count; cell += table->column_count)
		if (utf8_width(table->cells[cell]) > width)
			width = utf8_width(table->cells[cell]);
	return width;
}

static void print_spaces(size_t count, FILE *out)
{
	while (count-- > 0)
		fputc(' ', out);
}

/*
 * Prints a cell and returns the spaces due after it: they are printed only when another cell
 * follows, so that no line ends in spaces.
 */
static size_t print_cell(const char *text, enum table_align align, size_t width, size_t due,
			 FILE *out)
{
	size_t padding = width - utf8_width(text);

	if (!*text)
		return due + width + COLUMN_GAP;
	print_spaces(due + (align == TABLE_RIGHT ? padding : 0), out);
	utf8_print(out, text);
	return (align == TABLE_LEFT ? padding : 0) + COLUMN_GAP;
}

static void print_heading(const struct table *table, const size_t *widths, unsigned indent,
			  FILE *out)
{
	bool two_lines = false;
	char head[HEAD_BYTES];

	for (size_t i = 0; i < table->column_count; i++)
		two_lines = two_lines || strchr(table->columns[i].head, '\n');
	for (unsigned line = two_lines ? 0 : 1; line < HEAD_LINES; line++) {
		size_t due = indent;

		for (size_t i = 0; i < table->column_count; i++) {
			head_line(table->columns[i].head, line, head);
			due = print_cell(head, table->columns[i].align, widths[i], due, out);
		}
		fputc('\n', out);
	}
}

static void print_rule(const struct table *table, const size_t *widths, unsigned indent, FILE *out)
{
	print_spaces(indent, out);
	for (size_t i = 0; i < table->column_count; i++) {
		print_spaces(i > 0 ? COLUMN_GAP : 0, out);
		for (size_t dash = 0; dash < widths[i]; dash++)
			fputc('-', out);
	}
	fputc('\n', out);
}

static void print_row(const struct table *table, size_t first_cell, const size_t *widths,
		      unsigned indent, FILE *out)
{
	size_t due = indent;

	for (size_t i = 0; i < table->column_count && first_cell + i < table->cell_count; i++)
		due = print_cell(table->cells[first_cell + i], table->columns[i].align, widths[i],
				 due, out);
	fputc('\n', out);
}

int table_print(const struct table *table, unsigned indent, FILE *out)
{
	size_t *widths;

	if (table->failed)
		return -ENOMEM;
	widths = calloc(table->column_count, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = column_width(table, i);
	print_heading(table, widths, indent, out);
	print_rule(table, widths, indent, out);
	for (size_t cell = 0; cell < table->cell_count; cell += table->column_count)
		print_row(table, cell, widths, indent, out);
	free(widths);
	return 0;
}
