/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PORT_FILTER_H
#define POLLGAP_PORT_FILTER_H

#include "bpf/record.h"
#include "source/source.h"

#include <stdbool.h>

/* Keep rows with one of these as local or remote port, host order; none: all. */
struct port_filter {
	unsigned ports;
	uint16_t port[PORTS_MAX];
};

static inline bool port_filter_keeps(const struct port_filter *filter, const struct sample *sample)
{
	for (unsigned i = 0; i < filter->ports; i++)
		if (sample->local_port == filter->port[i] || sample->remote_port == filter->port[i])
			return true;
	return filter->ports == 0;
}

#endif
