/* SPDX-License-Identifier: BSD-2-Clause */
/* Ways to read and to write, each to its conversation's end. */
#define _GNU_SOURCE
#include "peer.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, LARGE = 4 << 20, PIECE = 1 << 16 };

/* Looks at some bytes, takes fewer. */
void read_by_peek(struct peer *peer)
{
	while (peer_read_some(peer, 3000, MSG_PEEK) && peer_read_some(peer, 2000, 0)) {
		if (peer_draw(peer, 8) == 1)
			peer_pause_us(500);
	}
}

void read_by_iovec(struct peer *peer)
{
	char first[700], second[7000], third[70];
	const struct iovec piece[] = { { first, sizeof(first) },
				       { second, sizeof(second) },
				       { third, sizeof(third) } };
	ssize_t got;

	while ((got = readv(peer->fd, piece, 3)) > 0)
		peer->read_bytes += (size_t)got;
}

void read_by_many(struct peer *peer)
{
	static _Thread_local char memory[8][1500];
	struct mmsghdr message[8];
	struct iovec piece[8];
	int messages;

	memset(message, 0, sizeof(message));
	for (unsigned index = 0; index < 8; index++) {
		piece[index] = (struct iovec){ memory[index], sizeof(memory[index]) };
		message[index].msg_hdr.msg_iov = &piece[index];
		message[index].msg_hdr.msg_iovlen = 1;
	}
	while ((messages = recvmmsg(peer->fd, message, 8, MSG_WAITFORONE, NULL)) > 0) {
		for (int index = 0; index < messages; index++)
			peer->read_bytes += message[index].msg_len;
		if (!message[messages - 1].msg_len)
			return;
	}
}

/* Throws bytes away without a copy. */
void read_cut(struct peer *peer)
{
	while (peer_read_some(peer, 1 << 20, MSG_TRUNC)) {
		if (peer_draw(peer, 8) == 1)
			peer_pause_us(300);
	}
}

/* Urgent bytes stand out of line: the stream skips them. */
void read_urgent(struct peer *peer)
{
	char byte;

	do {
		if (recv(peer->fd, &byte, 1, MSG_OOB | MSG_DONTWAIT) == 1)
			peer->read_bytes++;
		if (peer_draw(peer, 4) == 1)
			peer_pause_us(400);
	} while (peer_read_some(peer, 5000, 0));
}

void write_urgent(struct peer *peer)
{
	while (peer_in_time(peer)) {
		if (!peer_send(peer, peer_draw(peer, 9000), 0) || !peer_send(peer, 1, MSG_OOB))
			return;
		if (peer_draw(peer, 2) == 1)
			peer_pause_us(500);
	}
}

/* By way of a pipe, from the socket back into it, as a proxy does it. */
void read_spliced(struct peer *peer)
{
	int pipe_fd[2];
	ssize_t got;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		err(1, "pipe");
	while ((got = splice(peer->fd, NULL, pipe_fd[1], NULL, PIECE, SPLICE_F_MOVE)) > 0) {
		peer->read_bytes += (size_t)got;
		while (got > 0) {
			ssize_t sent = splice(pipe_fd[0], NULL, peer->fd, NULL, (size_t)got,
					      SPLICE_F_MOVE | SPLICE_F_MORE);

			if (sent <= 0)
				break;
			peer->sent_bytes += (size_t)sent;
			got -= sent;
		}
	}
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

/* The kernel faults the pages in while it copies, and holds the socket: packets wait. */
void read_into_new_memory(struct peer *peer)
{
	ssize_t got;

	do {
		void *memory = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			err(1, "mmap");
		got = recv(peer->fd, memory, LARGE, MSG_WAITALL);
		if (got > 0)
			peer->read_bytes += (size_t)got;
		munmap(memory, LARGE);
	} while (got > 0);
}

/* TCP_ZEROCOPY_RECEIVE: what fills pages is mapped, the rest copied. */
void read_mapped(struct peer *peer)
{
	struct tcp_zerocopy_receive receive;
	socklen_t receive_bytes;
	void *memory = mmap(NULL, LARGE, PROT_READ, MAP_SHARED, peer->fd, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap of a socket");
	do {
		struct pollfd ready = { .fd = peer->fd, .events = POLLIN };

		poll(&ready, 1, -1);
		memset(&receive, 0, sizeof(receive));
		receive.address = (uint64_t)(uintptr_t)memory;
		receive.length = LARGE;
		receive_bytes = sizeof(receive);
		if (getsockopt(peer->fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &receive,
			       &receive_bytes) < 0)
			break;
		peer->read_bytes += receive.length;
		if (receive.length)
			madvise(memory, receive.length, MADV_DONTNEED);
	} while (peer_read_some(peer, receive.recv_skip_hint ? receive.recv_skip_hint : PAGE, 0));
	munmap(memory, LARGE);
}

void write_by_sendfile(struct peer *peer)
{
	int file = memfd_create("peer", MFD_CLOEXEC);

	if (file < 0 || ftruncate(file, LARGE) < 0)
		err(1, "memfd_create");
	while (peer_in_time(peer)) {
		off_t offset = 0;
		ssize_t sent = sendfile(peer->fd, file, &offset, peer_draw(peer, LARGE));

		if (sent <= 0)
			break;
		peer->sent_bytes += (size_t)sent;
		peer_pause_us(200);
	}
	close(file);
}

void write_zerocopy(struct peer *peer)
{
	char control[256];
	int on = 1;

	if (setsockopt(peer->fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)) < 0)
		err(1, "SO_ZEROCOPY");
	while (peer_in_time(peer)) {
		struct msghdr message = { .msg_control = control,
					  .msg_controllen = sizeof(control) };

		if (!peer_send(peer, peer_draw(peer, 300000), MSG_ZEROCOPY) && errno != ENOBUFS)
			return;
		while (recvmsg(peer->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
			message.msg_controllen = sizeof(control);
		if (peer_draw(peer, 4) == 1)
			peer_pause_us(300);
	}
}
