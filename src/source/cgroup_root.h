/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POLLGAP_CGROUP_ROOT_H
#define POLLGAP_CGROUP_ROOT_H

/* The topmost control group (version 2) that this process can see, wherever it is mounted, if at
 * all. Returns a descriptor or -errno. */
int cgroup_root_open(void);

#endif
