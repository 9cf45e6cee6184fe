/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/sock_diag.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/failure.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum {
	GOODSIZE_BYTES_MAX = 8192, /* NLMSG_GOODSIZE: a page, but no more than this, less some */
	STATES_DEFAULT = 1 << TCP_ESTABLISHED | 1 << TCP_SYN_SENT | 1 << TCP_FIN_WAIT1 |
			 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE | 1 << TCP_CLOSE_WAIT |
			 1 << TCP_LAST_ACK | 1 << TCP_LISTEN | 1 << TCP_CLOSING,
};

struct sock_diag {
	struct source source;
	int fd;
	uint32_t states;
	size_t receive_bytes;
	struct port_filter filter;
	uint32_t sequence; /* of the last request */
	bool unfinished; /* a turn ended before its dump did: there may be answers left */
	uint64_t interrupted;
	_Alignas(struct nlmsghdr) uint8_t buffer[SOCK_DIAG_RECEIVE_BYTES_MAX];
};

/* One dump. */
struct dump {
	struct sock_diag *diag;
	const struct sink *sink;
	struct turn *turn;
	struct failure *failure;
	uint64_t start_ns;
	uint64_t fill_start_ns; /* the call that filled what the next one returns */
	uint64_t fill_end_ns;
	bool answered; /* the kernel has answered this request, not only an older one */
	bool strangers; /* answers to an older request came in between */
	bool busy; /* refused, as an older dump is still open */
	bool interrupted;
	bool done;
};

static int sock_diag_failure(struct failure *failure, int error)
{
	if (error == ENOENT || error == EPROTONOSUPPORT)
		return failure_set(
			failure, error,
			"the kernel has no sock_diag for TCP: %s; the modules are inet_diag and tcp_diag",
			strerror(error));
	return failure_set(failure, error, "sock_diag cannot list the sockets: %s",
			   strerror(error));
}

static int dump_ask(struct dump *dump, uint8_t family, uint32_t states)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = { .nlmsg_len = sizeof(message),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			    .nlmsg_seq = ++dump->diag->sequence },
		.request = { .sdiag_family = family,
			     .sdiag_protocol = IPPROTO_TCP,
			     .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
			     .idiag_states = states },
	};
	ssize_t sent;

	dump->diag->unfinished = true;
	dump->start_ns = dump->fill_start_ns = clock_monotonic_ns();
	sent = send(dump->diag->fd, &message, sizeof(message), 0);
	if (sent < 0)
		return sock_diag_failure(dump->failure, errno);
	dump->fill_end_ns = clock_monotonic_ns();
	return 0;
}

static int row_take(struct dump *dump, const void *payload, size_t payload_bytes)
{
	struct sample sample;
	int error = sock_diag_parse(payload, payload_bytes, &sample);

	if (error)
		return failure_set(dump->failure, -error,
				   "sock_diag sent a row that cannot be read, of %zu bytes",
				   payload_bytes);
	dump->turn->rows_read++;
	if (!port_filter_keeps(&dump->diag->filter, &sample))
		return 0;
	sample.read_start_ns = dump->fill_start_ns;
	sample.read_end_ns = dump->fill_end_ns;
	return dump->sink->take(dump->sink->context, OBSERVE_SAMPLE, &sample, sizeof(sample));
}

/* Of an error and of a dump's end: the kernel's -errno comes first. */
static int status_take(struct dump *dump, bool done, const void *payload, size_t payload_bytes)
{
	int status;

	if (payload_bytes < sizeof(status))
		return failure_set(dump->failure, EBADMSG, "sock_diag sent half an answer");
	memcpy(&status, payload, sizeof(status));
	if (status == -EBUSY && !done && !dump->answered) {
		dump->busy = true;
		return -EBUSY;
	}
	/* No kernel acknowledges what asks for no acknowledgement, and 0 is no -errno. */
	if (status < 0 || !done)
		return sock_diag_failure(dump->failure,
					 status < 0 && status > -4096 ? -status : EBADMSG);
	dump->done = true;
	return 0;
}

static int message_take(struct dump *dump, const struct nlmsghdr *header)
{
	const void *payload = header + 1;
	size_t payload_bytes = header->nlmsg_len - sizeof(*header);
	int error;

	if (header->nlmsg_seq != dump->diag->sequence) {
		dump->strangers = true;
		return 0;
	}
	dump->interrupted |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	switch (header->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		error = status_take(dump, header->nlmsg_type == NLMSG_DONE, payload, payload_bytes);
		break;
	case SOCK_DIAG_BY_FAMILY:
		error = row_take(dump, payload, payload_bytes);
		break;
	default:
		error = failure_set(dump->failure, EBADMSG,
				    "sock_diag sent a message of unknown type %u",
				    (unsigned)header->nlmsg_type);
	}
	dump->answered = true;
	return error;
}

static int messages_take(struct dump *dump, size_t got_bytes)
{
	size_t at = 0;

	while (at < got_bytes && !dump->done) {
		const struct nlmsghdr *header = (const void *)(dump->diag->buffer + at);
		size_t rest_bytes = got_bytes - at;
		int error;

		if (rest_bytes < sizeof(*header) || header->nlmsg_len < sizeof(*header) ||
		    header->nlmsg_len > rest_bytes)
			return failure_set(
				dump->failure, EBADMSG,
				"sock_diag sent a message that ends before its length, at byte %zu of %zu",
				at, got_bytes);
		error = message_take(dump, header);
		if (error)
			return error;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
	return 0;
}

/*
 * What is returned was filled before, and what is filled now comes with the next call: its window
 * is this call's. Nothing is waited for, as a dump that goes on always has its next message ready.
 */
static int dump_receive(struct dump *dump)
{
	struct sock_diag *diag = dump->diag;
	uint64_t start_ns = clock_monotonic_ns();
	ssize_t got = recv(diag->fd, diag->buffer, diag->receive_bytes, MSG_DONTWAIT | MSG_TRUNC);
	uint64_t end_ns;
	int error;

	if (got < 0 && errno != EAGAIN)
		return sock_diag_failure(dump->failure, errno);
	if (got <= 0)
		return failure_set(dump->failure, EIO,
				   "sock_diag stopped in the middle of its answer");
	end_ns = clock_monotonic_ns();
	if ((size_t)got > diag->receive_bytes)
		return failure_set(dump->failure, EMSGSIZE,
				   "sock_diag sent %zd bytes at once, where %zu were asked for",
				   got, diag->receive_bytes);
	error = messages_take(dump, (size_t)got);
	/*
	 * With answers to an older request in the queue, the kernel may be more than one message
	 * ahead.
	 */
	dump->fill_start_ns = dump->strangers ? dump->start_ns : start_ns;
	dump->fill_end_ns = end_ns;
	return error;
}

static int dump_run(struct dump *dump, uint8_t family, uint32_t states)
{
	int error = dump_ask(dump, family, states);

	while (error == 0 && !dump->done)
		error = dump_receive(dump);
	dump->diag->interrupted += dump->interrupted;
	if (error == 0)
		dump->diag->unfinished = false;
	return error;
}

/* The rest of a dump that was not read to its end: each message taken has the kernel fill the next.
 */
static void leftovers_drop(struct sock_diag *diag)
{
	ssize_t got;

	do {
		got = recv(diag->fd, diag->buffer, diag->receive_bytes, MSG_DONTWAIT);
	} while (got > 0 || (got < 0 && errno == ENOBUFS));
	diag->unfinished = false;
}

/*
 * A socket has one dump at a time. One that the kernel could not go on with, for want of memory, is
 * still open and fills nothing, so that nothing shows it, until a new request is refused; taking
 * the refusal makes it go on (netlink_recvmsg(), v6.18).
 */
static int family_dump(struct sock_diag *diag, uint8_t family, uint32_t states,
		       const struct sink *sink, struct turn *turn, struct failure *failure)
{
	const struct dump fresh = { .diag = diag, .sink = sink, .turn = turn, .failure = failure };
	struct dump dump = fresh;
	int error;

	if (diag->unfinished)
		leftovers_drop(diag);
	error = dump_run(&dump, family, states);
	if (!dump.busy)
		return error;
	leftovers_drop(diag);
	dump = fresh;
	error = dump_run(&dump, family, states);
	return dump.busy ? sock_diag_failure(failure, EBUSY) : error;
}

static int sock_diag_read(struct source *source, const struct sink *sink, struct turn *ret_turn,
			  struct failure *failure)
{
	struct sock_diag *diag = (struct sock_diag *)source;
	int error;

	*ret_turn = (struct turn){ 0 };
	error = family_dump(diag, AF_INET, diag->states, sink, ret_turn, failure);
	/* Where IPv6 is off there are no rows of it: inet_diag.c answers for both families. */
	if (!error)
		error = family_dump(diag, AF_INET6, diag->states, sink, ret_turn, failure);
	return error;
}

static void sock_diag_close(struct source *source)
{
	struct sock_diag *diag = (struct sock_diag *)source;

	close(diag->fd);
	free(diag);
}

static const struct source_ops sock_diag_ops = {
	.name = "sock_diag",
	.read = sock_diag_read,
	.close = sock_diag_close,
};

static size_t receive_bytes_of(const struct sock_diag_options *options)
{
	size_t wanted = options->receive_bytes ? options->receive_bytes : SOCK_DIAG_RECEIVE_BYTES;
	long page_bytes = sysconf(_SC_PAGESIZE);
	size_t least = GOODSIZE_BYTES_MAX;

	if (page_bytes > 0 && page_bytes < GOODSIZE_BYTES_MAX)
		least = (size_t)page_bytes;
	if (wanted > SOCK_DIAG_RECEIVE_BYTES_MAX)
		return SOCK_DIAG_RECEIVE_BYTES_MAX;
	return wanted < least ? least : wanted;
}

static int options_check(const struct sock_diag_options *options, struct failure *failure)
{
	if (options->filter.ports > PORTS_MAX)
		return failure_set(failure, EINVAL, "%u ports are too many: %d at most",
				   options->filter.ports, PORTS_MAX);
	return 0;
}

/* Takes the socket. NULL: no memory. */
static struct sock_diag *sock_diag_make(int fd, const struct sock_diag_options *options)
{
	struct sock_diag *diag = calloc(1, sizeof(*diag));

	if (!diag) {
		close(fd);
		return NULL;
	}
	diag->source.ops = &sock_diag_ops;
	diag->fd = fd;
	diag->states = options->states ? options->states : STATES_DEFAULT;
	diag->receive_bytes = receive_bytes_of(options);
	diag->filter = options->filter;
	return diag;
}

int sock_diag_open_on(int fd, const struct sock_diag_options *options, struct source **ret_source,
		      struct failure *failure)
{
	struct sock_diag *diag;
	int error = options_check(options, failure);

	if (error) {
		close(fd);
		return error;
	}
	diag = sock_diag_make(fd, options);
	if (!diag)
		return failure_set(failure, ENOMEM, "no memory for a poller");
	*ret_source = &diag->source;
	return 0;
}

int sock_diag_open(const struct sock_diag_options *options, struct source **ret_source,
		   struct failure *failure)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_cleanup_(source_closep) struct source *source = NULL;
	struct sock_diag *diag;
	struct turn turn = { 0 };
	int error = options_check(options, failure);
	int fd;

	if (error)
		return error;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return sock_diag_failure(failure, errno);
	diag = sock_diag_make(fd, options);
	if (!diag)
		return failure_set(failure, ENOMEM, "no memory for a poller");
	source = &diag->source;
	/* Connected, so that no other process can send to it: netlink_getsockbyportid(), v6.18. */
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return sock_diag_failure(failure, errno);
	/* No state: an answer without rows, and without a walk. */
	error = family_dump(diag, AF_INET, 0, NULL, &turn, failure);
	if (error)
		return error;
	*ret_source = source;
	source = NULL;
	return 0;
}

uint64_t sock_diag_interrupted(const struct source *source)
{
	return ((const struct sock_diag *)source)->interrupted;
}
