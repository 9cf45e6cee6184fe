/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_JSON_H
#define POLLGAP_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH_MAX = 15 };

/* Writes one JSON text (RFC 8259), indented by two spaces a level. Begin with all zero but out. */
struct json {
	FILE *out;
	unsigned depth;
	bool filled[JSON_DEPTH_MAX + 1]; /* something was written at this depth already */
};

/* name is the member's within an object; NULL within an array and at the top. */
void json_object_begin(struct json *json, const char *name);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *name);
void json_array_end(struct json *json);

/* NULL is null. Broken UTF-8 becomes U+FFFD. */
void json_string(struct json *json, const char *name, const char *text);
/* text is a number as SQLite writes it; its "Inf" and "-Inf", which JSON doesn't have, become null.
 */
void json_number(struct json *json, const char *name, const char *text);
void json_boolean(struct json *json, const char *name, bool value);

#endif
