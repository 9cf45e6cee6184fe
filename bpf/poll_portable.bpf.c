/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The poller of source `iter` with nothing newer than the iterator itself: Linux 5.9. */
#define POLLGAP_PORTABLE
#include "poll.bpf.c"
