/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "source/sock_diag.h"
#include "tests/unit/collect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers written by the test, over a pair of sockets whose other end is not the kernel's. */

static struct collected got;

/* As the kernel lays it out: an attribute before, and one behind. */
struct answer {
	struct nlmsghdr header;
	struct inet_diag_msg row;
	struct nlattr shutdown;
	uint8_t shutdown_value[4];
	struct nlattr memory;
	uint32_t memory_value[SK_MEMINFO_VARS];
	struct nlattr mark;
	uint32_t mark_value;
};

struct end {
	struct nlmsghdr header;
	int status;
};

enum { PAYLOAD_BYTES = sizeof(struct answer) - sizeof(struct nlmsghdr) };

static struct answer answer_make(uint32_t sequence)
{
	return (struct answer){
		.header = { .nlmsg_len = sizeof(struct answer),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_MULTI,
			    .nlmsg_seq = sequence },
		.row = { .idiag_family = AF_INET,
			 .idiag_state = TCP_ESTABLISHED,
			 .id = { .idiag_sport = htons(6379),
				 .idiag_dport = htons(40001),
				 .idiag_src = { htonl(0x7f000001), 0xffffffff },
				 .idiag_dst = { htonl(0x0a000203) },
				 .idiag_cookie = { 0x55667788, 0x11223344 } },
			 .idiag_rqueue = 4321,
			 .idiag_wqueue = 17,
			 .idiag_inode = 777 },
		.shutdown = { .nla_len = 5, .nla_type = INET_DIAG_SHUTDOWN },
		.memory = { .nla_len = NLA_HDRLEN + sizeof(uint32_t[SK_MEMINFO_VARS]),
			    .nla_type = INET_DIAG_SKMEMINFO },
		.memory_value = { [SK_MEMINFO_RMEM_ALLOC] = 8960, [SK_MEMINFO_BACKLOG] = 2304 },
		.mark = { .nla_len = 8, .nla_type = INET_DIAG_MARK },
	};
}

static struct end end_make(uint16_t type, uint32_t sequence, int status)
{
	return (struct end){
		.header = { .nlmsg_len = sizeof(struct end),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_MULTI,
			    .nlmsg_seq = sequence },
		.status = status,
	};
}

static struct source *source_open(int *ret_kernel)
{
	const struct sock_diag_options options = { 0 };
	struct source *source = NULL;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(sock_diag_open_on(pair[0], &options, &source, NULL), 0);
	*ret_kernel = pair[1];
	return source;
}

static void answer_send(int kernel, const void *answer, size_t answer_bytes)
{
	assert_int_equal(send(kernel, answer, answer_bytes, 0), answer_bytes);
}

static void end_send(int kernel, uint16_t type, uint32_t sequence, int status)
{
	struct end end = end_make(type, sequence, status);

	answer_send(kernel, &end, sizeof(end));
}

static int turn_run(struct source *source)
{
	struct sink sink = collect_sink(&got);
	struct failure failure = { { 0 } };
	struct turn turn;
	int error = source_read(source, &sink, &turn, &failure);

	assert_int_equal(turn.rows_read, got.count);
	assert_true((error == 0) == (failure.text[0] == '\0'));
	return error;
}

static void a_row_is_read_with_its_memory(void **state)
{
	const uint8_t local[16] = { 127, 0, 0, 1 };
	const uint8_t remote[16] = { 10, 0, 2, 3 };
	struct answer answer = answer_make(1);
	struct sample sample;

	(void)state;
	assert_int_equal(sock_diag_parse(&answer.row, PAYLOAD_BYTES, &sample), 0);
	assert_int_equal(sample.family, AF_INET);
	assert_int_equal(sample.state, 1);
	assert_int_equal(sample.local_port, 6379);
	assert_int_equal(sample.remote_port, 40001);
	assert_memory_equal(sample.local_address, local, 16);
	assert_memory_equal(sample.remote_address, remote, 16);
	assert_true(sample.cookie == 0x1122334455667788);
	assert_int_equal(sample.inode, 777);
	assert_int_equal(sample.rx_queue_bytes, 4321);
	assert_int_equal(sample.tx_queue_bytes, 17);
	assert_int_equal(sample.has_rmem, 1);
	assert_int_equal(sample.rmem_bytes, 8960);
	assert_int_equal(sample.backlog_bytes, 2304);
	assert_true(sample.read_start_ns == 0 && sample.read_end_ns == 0);
}

static void a_listeners_limit_is_no_transmit_queue(void **state)
{
	struct answer answer = answer_make(1);
	struct sample sample;

	(void)state;
	answer.row.idiag_state = TCP_LISTEN;
	assert_int_equal(sock_diag_parse(&answer.row, PAYLOAD_BYTES, &sample), 0);
	assert_int_equal(sample.rx_queue_bytes, 4321);
	assert_int_equal(sample.tx_queue_bytes, 0);
}

static void what_is_left_of_a_closed_socket_is_no_socket_in_fin_wait2(void **state)
{
	struct answer answer = answer_make(1);
	struct sample sample;

	(void)state;
	answer.row.idiag_state = SAMPLE_FIN_WAIT2;
	assert_int_equal(sock_diag_parse(&answer.row, PAYLOAD_BYTES, &sample), 0);
	assert_int_equal(sample.state, SAMPLE_FIN_WAIT2);
	answer.row.idiag_timer = SAMPLE_TIMER_REMNANT;
	assert_int_equal(sock_diag_parse(&answer.row, PAYLOAD_BYTES, &sample), 0);
	assert_int_equal(sample.state, SAMPLE_TIME_WAIT);
}

static void a_socket_that_has_given_its_port_back_is_closed(void **state)
{
	struct answer answer = answer_make(1);
	struct sample sample;

	(void)state;
	answer.row.idiag_state = TCP_LAST_ACK;
	answer.row.id.idiag_sport = 0;
	assert_int_equal(sock_diag_parse(&answer.row, PAYLOAD_BYTES, &sample), 0);
	assert_int_equal(sample.state, TCP_CLOSE);
}

static void a_row_without_memory_says_so(void **state)
{
	struct answer answer = answer_make(1);
	struct sample sample;

	(void)state;
	assert_int_equal(sock_diag_parse(&answer.row, sizeof(answer.row), &sample), 0);
	assert_int_equal(sample.has_rmem, 0);
	assert_int_equal(sample.rmem_bytes, 0);
	assert_int_equal(sample.rx_queue_bytes, 4321);
}

/* In memory of that length only, so that a sanitizer sees any read beyond it. */
static int cut_parse(const struct answer *answer, size_t payload_bytes, struct sample *ret_sample)
{
	uint8_t *payload = malloc(payload_bytes + 1);
	int error;

	assert_non_null(payload);
	memcpy(payload + 1, &answer->row, payload_bytes);
	error = sock_diag_parse(payload + 1, payload_bytes, ret_sample);
	free(payload);
	return error;
}

static void a_row_that_is_cut_is_refused_but_between_two_attributes(void **state)
{
	struct answer answer = answer_make(1);
	size_t whole = 0;

	(void)state;
	for (size_t cut = 0; cut < PAYLOAD_BYTES; cut++) {
		struct sample sample = { .inode = 99 };

		if (cut_parse(&answer, cut, &sample) == 0) {
			whole++;
			continue;
		}
		assert_int_equal(cut_parse(&answer, cut, &sample), -EBADMSG);
		assert_int_equal(sample.inode, 99);
	}
	/* The row alone; with the shutdown attribute and 0 to 3 bytes behind it; with the memory. */
	assert_int_equal(whole, 1 + 4 + 1);
}

static void attributes_of_wrong_lengths_are_refused(void **state)
{
	const uint16_t wrong[] = { 0, 3, 4, 35, 53, 65535 };
	struct sample sample;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer answer = answer_make(1);

		answer.memory.nla_len = wrong[i];
		assert_int_equal(cut_parse(&answer, PAYLOAD_BYTES, &sample), -EBADMSG);
	}
}

static void rows_of_other_families_are_refused(void **state)
{
	struct answer answer = answer_make(1);
	struct sample sample;

	(void)state;
	answer.row.idiag_family = AF_UNIX;
	assert_int_equal(sock_diag_parse(&answer.row, PAYLOAD_BYTES, &sample), -EBADMSG);
}

static void a_rows_window_is_that_of_the_call_before(void **state)
{
	struct answer answer[2] = { answer_make(1), answer_make(1) };
	struct source *source;
	int kernel;

	(void)state;
	source = source_open(&kernel);
	answer_send(kernel, answer, sizeof(answer));
	answer_send(kernel, answer, sizeof(answer[0]));
	end_send(kernel, NLMSG_DONE, 1, 0);
	end_send(kernel, NLMSG_DONE, 2, 0);
	assert_int_equal(turn_run(source), 0);
	assert_int_equal(got.count, 3);
	assert_true(got.sample[0].read_end_ns == got.sample[1].read_end_ns);
	assert_true(got.sample[1].read_end_ns <= got.sample[2].read_start_ns);
	source_closep(&source);
	close(kernel);
}

/* The kernel may then be two messages ahead. */
static void with_an_older_dumps_rest_in_the_queue_windows_begin_with_the_request(void **state)
{
	struct answer older = answer_make(99);
	struct answer answer = answer_make(1);
	struct source *source;
	int kernel;

	(void)state;
	source = source_open(&kernel);
	answer_send(kernel, &older, sizeof(older));
	for (int i = 0; i < 3; i++)
		answer_send(kernel, &answer, sizeof(answer));
	end_send(kernel, NLMSG_DONE, 1, 0);
	end_send(kernel, NLMSG_DONE, 2, 0);
	assert_int_equal(turn_run(source), 0);
	assert_int_equal(got.count, 3);
	assert_true(got.sample[0].read_start_ns == got.sample[2].read_start_ns);
	assert_true(got.sample[0].read_end_ns < got.sample[2].read_end_ns);
	source_closep(&source);
	close(kernel);
}

static void the_kernels_errors_are_returned(void **state)
{
	struct source *source;
	int kernel;

	(void)state;
	source = source_open(&kernel);
	end_send(kernel, NLMSG_ERROR, 1, -EPERM);
	assert_int_equal(turn_run(source), -EPERM);
	source_closep(&source);
	close(kernel);

	source = source_open(&kernel);
	end_send(kernel, NLMSG_DONE, 1, 0);
	end_send(kernel, NLMSG_DONE, 2, -ENOENT);
	assert_int_equal(turn_run(source), -ENOENT);
	source_closep(&source);
	close(kernel);
}

static void errors_that_are_none_are_malformed(void **state)
{
	const int wrong[] = { 0, 5, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int kernel;
		struct source *source = source_open(&kernel);

		end_send(kernel, NLMSG_ERROR, 1, wrong[i]);
		assert_int_equal(turn_run(source), -EBADMSG);
		source_closep(&source);
		close(kernel);
	}
}

static void a_refused_dump_is_asked_for_once_more(void **state)
{
	struct source *source;
	int kernel;

	(void)state;
	source = source_open(&kernel);
	end_send(kernel, NLMSG_ERROR, 1, -EBUSY);
	/* What is left of the older one is taken away; then nobody answers request 2. */
	end_send(kernel, NLMSG_DONE, 99, 0);
	assert_int_equal(turn_run(source), -EIO);
	source_closep(&source);
	close(kernel);
}

static void inconsistent_dumps_are_counted(void **state)
{
	struct answer answer = answer_make(1);
	struct source *source;
	int kernel;

	(void)state;
	answer.header.nlmsg_flags |= NLM_F_DUMP_INTR;
	source = source_open(&kernel);
	for (int i = 0; i < 3; i++)
		answer_send(kernel, &answer, sizeof(answer));
	end_send(kernel, NLMSG_DONE, 1, 0);
	end_send(kernel, NLMSG_DONE, 2, 0);
	assert_int_equal(turn_run(source), 0);
	assert_int_equal(got.count, 3);
	assert_int_equal(sock_diag_interrupted(source), 1);
	source_closep(&source);
	close(kernel);
}

static void wrong_expect(const void *answer, size_t answer_bytes, int error)
{
	int kernel;
	struct source *source = source_open(&kernel);

	answer_send(kernel, answer, answer_bytes);
	assert_int_equal(turn_run(source), -error);
	assert_int_equal(got.count, 0);
	source_closep(&source);
	close(kernel);
}

static void malformed_messages_end_the_turn(void **state)
{
	static uint8_t flood[SOCK_DIAG_RECEIVE_BYTES_MAX + 1];
	struct answer answer = answer_make(1);
	struct end end = end_make(NLMSG_DONE, 1, 0);

	(void)state;
	wrong_expect(&answer, 7, EBADMSG); /* a header that is cut */
	wrong_expect(&answer, sizeof(answer) - 4, EBADMSG); /* shorter than it says */
	wrong_expect(flood, sizeof(flood), EMSGSIZE);
	answer.header.nlmsg_len = 15;
	wrong_expect(&answer, sizeof(answer), EBADMSG);
	answer.header.nlmsg_len = UINT32_MAX;
	wrong_expect(&answer, sizeof(answer), EBADMSG);
	answer.header.nlmsg_len = sizeof(answer.header) + 71; /* a row that is cut */
	wrong_expect(&answer, sizeof(answer), EBADMSG);
	answer = answer_make(1);
	answer.header.nlmsg_type = 77;
	wrong_expect(&answer, sizeof(answer), EBADMSG);
	end.header.nlmsg_len = sizeof(end) - 1;
	wrong_expect(&end, sizeof(end), EBADMSG);
}

static void a_dump_without_an_end_is_a_failure(void **state)
{
	struct answer answer = answer_make(1);
	struct source *source;
	int kernel;

	(void)state;
	source = source_open(&kernel);
	answer_send(kernel, &answer, sizeof(answer));
	assert_int_equal(turn_run(source), -EIO);
	assert_int_equal(got.count, 1);
	source_closep(&source);
	close(kernel);
}

static void too_many_ports_are_refused(void **state)
{
	const struct sock_diag_options options = { .filter.ports = PORTS_MAX + 1 };
	struct source *source = NULL;
	struct failure failure = { { 0 } };

	(void)state;
	assert_int_equal(sock_diag_open(&options, &source, &failure), -EINVAL);
	assert_null(source);
	assert_non_null(strstr(failure.text, "ports"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_read_with_its_memory),
		cmocka_unit_test(a_listeners_limit_is_no_transmit_queue),
		cmocka_unit_test(what_is_left_of_a_closed_socket_is_no_socket_in_fin_wait2),
		cmocka_unit_test(a_socket_that_has_given_its_port_back_is_closed),
		cmocka_unit_test(a_row_without_memory_says_so),
		cmocka_unit_test(a_row_that_is_cut_is_refused_but_between_two_attributes),
		cmocka_unit_test(attributes_of_wrong_lengths_are_refused),
		cmocka_unit_test(rows_of_other_families_are_refused),
		cmocka_unit_test(a_rows_window_is_that_of_the_call_before),
		cmocka_unit_test(
			with_an_older_dumps_rest_in_the_queue_windows_begin_with_the_request),
		cmocka_unit_test(the_kernels_errors_are_returned),
		cmocka_unit_test(errors_that_are_none_are_malformed),
		cmocka_unit_test(a_refused_dump_is_asked_for_once_more),
		cmocka_unit_test(inconsistent_dumps_are_counted),
		cmocka_unit_test(malformed_messages_end_the_turn),
		cmocka_unit_test(a_dump_without_an_end_is_a_failure),
		cmocka_unit_test(too_many_ports_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
