/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_KERNEL_OBJECT_H
#define POLLGAP_KERNEL_OBJECT_H

#include <bpf/bpf_core_read.h>

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym;

/* Plain loads from a kernel object, by its type: no cost over an empty program, where
 * bpf_core_read() takes 30 ns each. */
#define kernel_object(type, pointer) \
	((const type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

#endif
