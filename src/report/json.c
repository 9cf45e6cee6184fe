/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/json.h"

#include <assert.h>
#include <string.h>

#include "report/utf8.h"

static void print_escaped(FILE *out, const char *text)
{
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";

	fputc('"', out);
	while (*text) {
		const char *found = strchr(named, *text);
		uint32_t code_point;
		size_t bytes = utf8_decode(text, &code_point);

		if (found)
			fprintf(out, "\\%c", letters[found - named]);
		else if (code_point < 0x20)
			fprintf(out, "\\u%04x", code_point);
		else if (code_point == UTF8_REPLACEMENT)
			fputs("\\ufffd", out);
		else
			fwrite(text, 1, bytes, out);
		text += bytes;
	}
	fputc('"', out);
}

static void begin_line(struct json *json)
{
	if (json->depth > 0)
		fputc('\n', json->out);
	for (unsigned i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

static void begin_value(struct json *json, const char *name)
{
	if (json->filled[json->depth])
		fputc(',', json->out);
	begin_line(json);
	json->filled[json->depth] = true;
	if (!name)
		return;
	print_escaped(json->out, name);
	fputs(": ", json->out);
}

static void begin_nest(struct json *json, const char *name, char bracket)
{
	begin_value(json, name);
	fputc(bracket, json->out);
	assert(json->depth < JSON_DEPTH_MAX);
	json->filled[++json->depth] = false;
}

static void end_nest(struct json *json, char bracket)
{
	bool filled = json->filled[json->depth--];

	if (filled)
		begin_line(json);
	if (filled && json->depth == 0)
		fputc('\n', json->out);
	fputc(bracket, json->out);
	if (json->depth == 0)
		fputc('\n', json->out);
}

void json_object_begin(struct json *json, const char *name)
{
	begin_nest(json, name, '{');
}

void json_object_end(struct json *json)
{
	end_nest(json, '}');
}

void json_array_begin(struct json *json, const char *name)
{
	begin_nest(json, name, '[');
}

void json_array_end(struct json *json)
{
	end_nest(json, ']');
}

void json_string(struct json *json, const char *name, const char *text)
{
	begin_value(json, name);
	if (text)
		print_escaped(json->out, text);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *name, const char *text)
{
	begin_value(json, name);
	fputs(!text || strstr(text, "Inf") ? "null" : text, json->out);
}

void json_boolean(struct json *json, const char *name, bool value)
{
	begin_value(json, name);
	fputs(value ? "true" : "false", json->out);
}
