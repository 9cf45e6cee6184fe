/* SPDX-License-Identifier: BSD-2-Clause */
#include "source/probe_private.h"

/* They name structures of bpf/shared.h, which they do not include. */
#include "pollgap.skel.h"
#include "portable.skel.h"

#include <errno.h>

/* The two BPF objects, behind one face: bpftool makes each a type of its own. */

int probe_image_open(enum probe_object kind, const char *btf, struct probe_image *ret_image)
{
	struct bpf_object_open_opts options = { .sz = sizeof(options), .btf_custom_path = btf };
	struct probe_image image = { .kind = kind };

	if (kind == OBJECT_POLLGAP) {
		struct pollgap *skeleton = pollgap__open_opts(&options);

		if (!skeleton)
			return -errno;
		image.skeleton = skeleton;
		image.object = skeleton->obj;
		image.config = &skeleton->rodata->config;
	} else {
		struct portable *skeleton = portable__open_opts(&options);

		if (!skeleton)
			return -errno;
		image.skeleton = skeleton;
		image.object = skeleton->obj;
		image.config = &skeleton->rodata->config;
	}
	*ret_image = image;
	return 0;
}

int probe_image_load(struct probe_image *image)
{
	int error;

	if (image->kind == OBJECT_POLLGAP) {
		struct pollgap *skeleton = image->skeleton;

		skeleton->bss->shared.stop_ns = UINT64_MAX;
		error = pollgap__load(skeleton);
		image->shared = error ? NULL : &skeleton->bss->shared;
	} else {
		struct portable *skeleton = image->skeleton;

		skeleton->bss->shared.stop_ns = UINT64_MAX;
		error = portable__load(skeleton);
		image->shared = error ? NULL : &skeleton->bss->shared;
	}
	return error;
}

void probe_image_close(struct probe_image *image)
{
	if (image->kind == OBJECT_POLLGAP)
		pollgap__destroy(image->skeleton);
	else
		portable__destroy(image->skeleton);
}

int probe_image_map(const struct probe_image *image, const char *name)
{
	return bpf_object__find_map_fd_by_name(image->object, name);
}
