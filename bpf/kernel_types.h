/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef POLLGAP_KERNEL_TYPES_H
#define POLLGAP_KERNEL_TYPES_H

/*
 * The kernel's types, as far as they are used here. Offsets and sizes are relocated when the object
 * is loaded (CO-RE), so only the names and the kind of each member must be right. Names:
 * include/net/sock.h, include/linux/tcp.h, v6.18.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#ifndef NULL
#define NULL ((void *)0)
#endif

#define __relocated __attribute__((preserve_access_index))

enum {
	AF_INET = 2,
	AF_INET6 = 10,
	IPPROTO_TCP = 6,
};

/* include/net/tcp_states.h */
enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
	TCP_NEW_SYN_RECV,
};

typedef struct {
	int counter;
} __relocated atomic_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
} __relocated;

struct ns_common {
	unsigned int inum;
} __relocated;

struct net {
	struct ns_common ns;
} __relocated;

typedef struct {
	struct net *net;
} __relocated possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct {
		long long counter;
	} skc_cookie;
} __relocated;

struct inode {
	unsigned long i_ino;
} __relocated;

struct socket {
	struct sock *sk;
} __relocated;

/* A socket's inode stands behind it: SOCK_INODE(), include/net/sock.h. */
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
} __relocated;

typedef struct {
	int owned; /* by a process, in a system call on the socket */
} __relocated socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct {
		atomic_t rmem_alloc; /* sk_rmem_alloc is a macro for it */
		int len;
	} sk_backlog;
	int sk_rcvbuf;
	int sk_sndbuf;
	int sk_rcvlowat;
	__u32 sk_pacing_status; /* enum sk_pacing */
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	__u16 sk_protocol;
	struct socket *sk_socket;
} __relocated;

struct iov_iter {
	unsigned long count; /* bytes that are left */
} __relocated;

struct msghdr {
	struct iov_iter msg_iter;
	unsigned int msg_flags;
} __relocated;

struct tcp_sock {
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 write_seq;
	__u32 snd_una;
	__u32 snd_nxt;
	__u32 snd_wnd;
	__u32 packets_out;
	__u32 rcv_wnd;
	__u32 rcv_wup;
	__u8 nonagle : 4;
	__u8 bpf_sock_ops_cb_flags;
	bool is_mptcp; /* CONFIG_MPTCP */
} __relocated;

enum {
	TCP_NAGLE_CORK = 2, /* include/net/tcp.h */
	SK_PACING_NEEDED = 1, /* include/net/sock.h */
	MSG_MORE = 0x8000,
};

struct sk_buff {
	struct sock *sk;
	unsigned int data_len;
	char cb[48];
} __relocated;

/* What TCP keeps in sk_buff.cb. */
struct tcp_skb_cb {
	__u32 seq;
	__u32 end_seq;
	__u32 ack_seq;
} __relocated;

struct bpf_sock_ops_kern {
	struct sock *sk;
	struct sk_buff *skb;
} __relocated;

struct sk_buff_head {
	__u32 qlen;
} __relocated;

struct net_device;

struct napi_struct {
	struct net_device *dev;
} __relocated;

struct softnet_data {
	struct sk_buff_head process_queue;
	struct sk_buff_head input_pkt_queue;
	unsigned int time_squeeze;
	bool in_net_rx_action; /* 6.4 and later */
	struct napi_struct backlog;
} __relocated;

struct file {
	void *private_data;
} __relocated;

struct fdtable {
	struct file **fd;
} __relocated;

struct files_struct {
	struct fdtable *fdt;
} __relocated;

struct task_struct {
	struct files_struct *files;
} __relocated;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} __relocated;

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
} __relocated;

#endif
