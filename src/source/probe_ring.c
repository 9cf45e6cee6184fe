/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "source/probe_private.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * How far the ring buffer is written and read: the kernel keeps both positions in pages of their
 * own before the data (kernel/bpf/ringbuf.c, v6.18), which a reader may map.
 *
 * A reader stops at a record that is reserved and not submitted yet, and a program may lose its
 * processor between the two: 255 ms once, with four busy threads on two processors. Nothing that
 * lies behind such a record has been read, whatever its age.
 */
int probe_ring_map(struct probe *probe, int map_fd, struct failure *failure)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *pages = mmap(NULL, 2 * page_bytes, PROT_READ, MAP_SHARED, map_fd, 0);

	if (pages == MAP_FAILED)
		return failure_set(failure, errno,
				   "the ring buffer's positions can't be mapped: %s",
				   strerror(errno));
	probe->ring_pages = pages;
	return 0;
}

void probe_ring_unmap(struct probe *probe)
{
	if (probe->ring_pages)
		munmap(probe->ring_pages, 2 * (size_t)sysconf(_SC_PAGESIZE));
}

static uint64_t position(const void *page)
{
	return atomic_load_explicit((const _Atomic unsigned long *)page, memory_order_acquire);
}

uint64_t probe_ring_read(const struct probe *probe)
{
	return position(probe->ring_pages);
}

uint64_t probe_ring_written(const struct probe *probe)
{
	return position((const char *)probe->ring_pages + sysconf(_SC_PAGESIZE));
}
