/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PROGRESS_H
#define POLLGAP_PROGRESS_H

#include "capture/writer.h"

#include <stdbool.h>
#include <stdint.h>

/* The line that says how a capture goes, on stderr: rewritten in place on a terminal, a line each
 * time elsewhere. */
struct progress {
	bool terminal;
	bool shown;
	uint64_t last_ns;
	uint64_t last_changes;
};

/* verbose: also where stderr is no terminal. */
struct progress progress_begin(bool verbose);

/* end_ns 0: no end is set. */
void progress_show(struct progress *progress, uint64_t now_ns, uint64_t start_ns, uint64_t end_ns,
		   const struct writer_progress *state);

/* Clears the terminal's line. */
void progress_end(struct progress *progress);

#endif
