/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_KERNEL_OBJECT_H
#define POLLGAP_KERNEL_OBJECT_H

/*
 * How the kernel's objects are read. pollgap.bpf.c reads them by plain loads, which the kernel
 * allows where it knows their type: that costs nothing over an empty program, where
 * bpf_core_read() takes 30 ns each. portable.bpf.c is of the same source and reads them by
 * bpf_core_read(): for hooks that give untyped arguments, and kernels that lack bpf_rdonly_cast()
 * (before 6.2).
 */
#include <bpf/bpf_core_read.h>

#ifdef POLLGAP_PORTABLE

#define kernel_object(type, pointer) ((const type *)(pointer))

/* The value of a kernel object's member, peek(sk->sk_rcvbuf): through one pointer at a time. */
#define peek(member)                                                       \
	({                                                                 \
		__typeof__(((void)0, (member))) value_;                    \
		bpf_core_read((void *)&value_, sizeof(value_), &(member)); \
		value_;                                                    \
	})
#define peek_bits(object, member) BPF_CORE_READ_BITFIELD_PROBED(object, member)
#define verified_once static __noinline

#else

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym;

#define kernel_object(type, pointer) \
	((const type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))
#define peek(member) (member)
#define peek_bits(object, member) BPF_CORE_READ_BITFIELD(object, member)
/* A global function is verified by itself, not at each call; those take pointers from 5.12 on. */
#define verified_once __noinline

#endif

#endif
