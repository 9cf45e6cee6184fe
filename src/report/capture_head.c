/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/capture_head.h"

#include <inttypes.h>

#include "base/units.h"
#include "report/field.h"
#include "report/utf8.h"

static void print_name(const char *name, FILE *out)
{
	fprintf(out, "  %-10s  ", name);
}

static void print_text(const char *name, const char *text, FILE *out)
{
	if (!text)
		return;
	print_name(name, out);
	utf8_print(out, text);
	fputc('\n', out);
}

static void print_title(const struct store_row *row, FILE *out)
{
	const char *label = field_text(row, "label");

	fprintf(out, "Capture %" PRId64, field_integer(row, "capture_id"));
	if (label) {
		fputs(" - ", out);
		utf8_print(out, label);
	}
	fputc('\n', out);
}

static void print_host(const struct store_row *row, FILE *out)
{
	int64_t cpus = field_integer(row, "cpus");

	print_name("host", out);
	utf8_print(out, field_text(row, "host"));
	fputs(", Linux ", out);
	utf8_print(out, field_text(row, "kernel_release"));
	fputs(" on ", out);
	utf8_print(out, field_text(row, "machine"));
	fprintf(out, ", %" PRId64 " processor%s\n", cpus, cpus == 1 ? "" : "s");
}

static void print_time(const struct store_row *row, FILE *out)
{
	int64_t start_ns = field_integer(row, "start_ns");
	int64_t end_ns = field_integer(row, "end_ns");
	char text[UNITS_TEXT_BYTES];

	print_name("time", out);
	fprintf(out, "%s UTC, ", field_text(row, "start_utc"));
	if (field_is_null(row, "end_ns"))
		fputs("not ended: still running, or cut off\n", out);
	else
		fprintf(out, "for %s\n",
			time_read(end_ns > start_ns ? (uint64_t)(end_ns - start_ns) : 0, text));
}

static void print_measured(const struct store_row *row, FILE *out)
{
	int64_t sockets = field_integer(row, "sockets");
	const char *ports = field_text(row, "ports");
	char text[UNITS_TEXT_BYTES];

	print_name("measured", out);
	fprintf(out, "%s socket%s, ", count_read((uint64_t)sockets, text), sockets == 1 ? "" : "s");
	if (ports)
		fputs("port ", out);
	utf8_print(out, ports ? ports : "all ports");
	fputs(", in the kernel by backend ", out);
	utf8_print(out, field_text(row, "backend"));
	fputc('\n', out);
}

void capture_head_print(const struct store_row *row, FILE *out)
{
	print_title(row, out);
	print_host(row, out);
	print_time(row, out);
	print_measured(row, out);
	print_text("command", field_text(row, "command_line"), out);
}
