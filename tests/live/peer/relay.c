/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_relay ONE TWO LOSS REORDER DELAY-US: a bad link. Carries frames between two interfaces, both
 * ways; loses LOSS of 1,000, and lets REORDER of 1,000 wait DELAY-US longer than the others, so
 * that those overtake them. Ends by a signal. (Kernels often lack netem.)
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A frame may be as large as a segment before it is cut up (GSO). */
enum { FRAME_BYTES = 66000, HELD_MAX = 64, NS_PER_US = 1000, NS_PER_S = 1000000000 };

struct held {
	int64_t due_ns; /* 0: free */
	int to;
	size_t bytes;
	char frame[FRAME_BYTES];
};

struct relay {
	int fd[2];
	unsigned loss, reorder; /* of 1,000 */
	int64_t delay_ns;
	unsigned seed;
	struct held held[HELD_MAX];
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* The virtio header in front of each frame keeps checksums and segments that are left to do. */
static int interface_open(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex(name) };
	int on = 1, room = 8 << 20, fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !address.sll_ifindex ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "%s", name);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

/* A frame that the other side does not take is one more loss. */
static void frame_send(int fd, const char *frame, size_t bytes)
{
	if (send(fd, frame, bytes, 0) < 0 && errno != ENOBUFS && errno != EAGAIN)
		warn("send");
}

static struct held *held_free(struct relay *relay)
{
	for (unsigned index = 0; index < HELD_MAX; index++) {
		if (!relay->held[index].due_ns)
			return &relay->held[index];
	}
	return NULL;
}

static void relay_take(struct relay *relay, unsigned side)
{
	static char frame[FRAME_BYTES];
	ssize_t bytes = recv(relay->fd[side], frame, sizeof(frame), 0);
	unsigned drawn = (unsigned)rand_r(&relay->seed) % 1000;
	struct held *held = NULL;

	if (bytes <= 0 || drawn < relay->loss)
		return;
	if (drawn < relay->loss + relay->reorder)
		held = held_free(relay);
	if (!held) {
		frame_send(relay->fd[!side], frame, (size_t)bytes);
		return;
	}
	memcpy(held->frame, frame, (size_t)bytes);
	held->bytes = (size_t)bytes;
	held->to = relay->fd[!side];
	held->due_ns = now_ns() + relay->delay_ns;
}

static void relay_release(struct relay *relay)
{
	int64_t time_ns = now_ns();

	for (unsigned index = 0; index < HELD_MAX; index++) {
		struct held *held = &relay->held[index];

		if (!held->due_ns || held->due_ns > time_ns)
			continue;
		frame_send(held->to, held->frame, held->bytes);
		held->due_ns = 0;
	}
}

int main(int argc, char **argv)
{
	static struct relay relay;
	struct pollfd ready[2];

	if (argc != 6)
		errx(2, "usage: live_relay ONE TWO LOSS REORDER DELAY-US");
	relay.fd[0] = interface_open(argv[1]);
	relay.fd[1] = interface_open(argv[2]);
	relay.loss = (unsigned)atoi(argv[3]);
	relay.reorder = (unsigned)atoi(argv[4]);
	relay.delay_ns = atoll(argv[5]) * NS_PER_US;
	relay.seed = 1;
	for (;;) {
		ready[0] = (struct pollfd){ .fd = relay.fd[0], .events = POLLIN };
		ready[1] = (struct pollfd){ .fd = relay.fd[1], .events = POLLIN };
		poll(ready, 2, 1);
		for (unsigned side = 0; side < 2; side++) {
			if (ready[side].revents)
				relay_take(&relay, side);
		}
		relay_release(&relay);
	}
}
