/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_PROBE_KPROBE_H
#define POLLGAP_PROBE_KPROBE_H

#include <stdint.h>

/*
 * A kprobe as an event of the kernel's own list (tracefs, Documentation/trace/kprobetrace.rst),
 * named for a program and this process: only of those the kernel says how often they were missed
 * (kprobe_profile), as where one meets another one's program. What no kernel before 6.7 counts is a
 * program that was left out because another BPF program ran on that processor. The list outlives a
 * process that is killed: kprobe_events_sweep() takes out what those have left.
 */

/* Opens the event on the function's entry: a descriptor that the BPF program can be attached to;
 * -errno. */
int kprobe_event_open(const char *program, const char *function);

/* Takes it out of the list; whatever held it must have let go. */
void kprobe_event_remove(const char *program);

/* How often it was missed since it was opened. -ENOENT where the kernel does not say. */
int kprobe_event_missed(const char *program, uint64_t *ret_missed);

/* Takes out the events of processes that are no more. */
void kprobe_events_sweep(void);

#endif
