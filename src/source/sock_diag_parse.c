/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

/* SK_MEMINFO_…: later kernels append to it, none took anything away. */
static int memory_take(const uint8_t *value, size_t value_bytes, struct sample *sample)
{
	uint32_t memory[SK_MEMINFO_BACKLOG + 1];

	if (value_bytes < sizeof(memory))
		return -EBADMSG;
	memcpy(memory, value, sizeof(memory));
	sample->rmem_bytes = memory[SK_MEMINFO_RMEM_ALLOC];
	sample->backlog_bytes = memory[SK_MEMINFO_BACKLOG];
	sample->has_rmem = 1;
	return 0;
}

static int attributes_take(const uint8_t *at, size_t rest_bytes, struct sample *sample)
{
	while (rest_bytes > 0) {
		struct nlattr attribute;
		size_t step_bytes;
		int error = 0;

		if (rest_bytes < NLA_HDRLEN)
			return -EBADMSG;
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > rest_bytes)
			return -EBADMSG;
		if ((attribute.nla_type & NLA_TYPE_MASK) == INET_DIAG_SKMEMINFO)
			error = memory_take(at + NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN,
					    sample);
		if (error)
			return error;
		step_bytes = NLA_ALIGN(attribute.nla_len);
		if (step_bytes > rest_bytes)
			step_bytes = rest_bytes;
		at += step_bytes;
		rest_bytes -= step_bytes;
	}
	return 0;
}

int sock_diag_parse(const void *payload, size_t payload_bytes, struct sample *ret_sample)
{
	struct sample sample = { 0 };
	struct inet_diag_msg row;
	size_t address_bytes;
	int error;

	if (payload_bytes < sizeof(row))
		return -EBADMSG;
	memcpy(&row, payload, sizeof(row));
	if (row.idiag_family != AF_INET && row.idiag_family != AF_INET6)
		return -EBADMSG;
	address_bytes = row.idiag_family == AF_INET ? 4 : 16;
	error = attributes_take((const uint8_t *)payload + sizeof(row), payload_bytes - sizeof(row),
				&sample);
	if (error)
		return error;
	sample.inode = row.idiag_inode;
	/* sock_diag_save_cookie(): the low half first, on every machine. */
	sample.cookie = (uint64_t)row.id.idiag_cookie[1] << 32 | row.id.idiag_cookie[0];
	sample.rx_queue_bytes = row.idiag_rqueue;
	/* A listener's wqueue is its limit: tcp_diag_get_info(), v6.18; /proc/net/tcp prints 0. */
	sample.tx_queue_bytes = row.idiag_state == TCP_LISTEN ? 0 : row.idiag_wqueue;
	sample.family = row.idiag_family;
	sample.local_port = ntohs(row.id.idiag_sport);
	sample.remote_port = ntohs(row.id.idiag_dport);
	/* Rows are filled in without the socket's lock, and it gives its port back right before it
	 * goes to CLOSE: tcp_set_state(), inet_put_port(), v6.18. */
	sample.state = row.id.idiag_sport ? sample_state(row.idiag_state, row.idiag_timer) :
					    TCP_CLOSE;
	memcpy(sample.local_address, row.id.idiag_src, address_bytes);
	memcpy(sample.remote_address, row.id.idiag_dst, address_bytes);
	*ret_sample = sample;
	return 0;
}
