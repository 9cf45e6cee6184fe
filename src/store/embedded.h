/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_EMBEDDED_H
#define POLLGAP_EMBEDDED_H

#include <stddef.h>

/* The SQL files, in the binary: "schema", "query/NAME", "view/NAME". cmake/EmbedSql.cmake makes the
 * table. */
struct embedded_sql {
	const char *name;
	const char *text;
};

extern const struct embedded_sql embedded_sql[];
extern const size_t embedded_sql_count;

/* NULL where there is none of that name. */
const char *embedded_find(const char *name);

#endif
