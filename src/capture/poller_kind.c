/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/poller_kind.h"

#include "source/iter_tcp.h"
#include "source/proc_tcp.h"
#include "source/sock_diag.h"

#include <string.h>

static int open_proc(const struct poller_options *poller, const struct capture_options *capture,
		     struct source **ret_source, struct failure *failure)
{
	struct proc_tcp_options options = { .page_reads = poller->page_reads,
					    .ports = capture->ports };

	memcpy(options.port, capture->port, sizeof(options.port));
	return proc_tcp_open(&options, ret_source, failure);
}

static int open_sock_diag(const struct poller_options *poller,
			  const struct capture_options *capture, struct source **ret_source,
			  struct failure *failure)
{
	struct sock_diag_options options = { .filter = { .ports = capture->ports } };

	(void)poller;
	memcpy(options.filter.port, capture->port, sizeof(options.filter.port));
	return sock_diag_open(&options, ret_source, failure);
}

static int open_iter(const struct poller_options *poller, const struct capture_options *capture,
		     struct source **ret_source, struct failure *failure)
{
	struct port_filter filter = { .ports = capture->ports };

	(void)poller;
	memcpy(filter.port, capture->port, sizeof(filter.port));
	return iter_tcp_open(&filter, ret_source, failure);
}

const struct poller_kind poller_kinds[] = {
	{
		.name = "proc",
		.read_mode = "row",
		.gauges = 1U << GAUGE_RX_QUEUE | 1U << GAUGE_TX_QUEUE,
		.open = open_proc,
		.lost = proc_tcp_unparsed,
		.lost_cause = "unparsed_lines",
	},
	{
		.name = "sock_diag",
		.read_mode = "message",
		.gauges = 1U << GAUGE_RX_QUEUE | 1U << GAUGE_TX_QUEUE | 1U << GAUGE_RMEM,
		.open = open_sock_diag,
		.lost = sock_diag_interrupted,
		.lost_cause = "interrupted_scans",
	},
	{
		.name = "iter",
		.read_mode = "socket",
		.gauges = 1U << GAUGE_RX_QUEUE | 1U << GAUGE_TX_QUEUE | 1U << GAUGE_RMEM,
		.open = open_iter,
		.lost = iter_tcp_cut,
		.lost_cause = "cut_rows",
	},
	{ .name = NULL },
};

const struct poller_kind *poller_kind_find(const char *name)
{
	for (const struct poller_kind *kind = poller_kinds; kind->name; kind++) {
		if (strcmp(kind->name, name) == 0)
			return kind;
	}
	return NULL;
}
