/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "bpffs.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "cleanup.h"
#include "log.h"

#define BPFFS "/sys/fs/bpf"

static bool is_bpffs(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && (__u32)fs.f_type == BPF_FS_MAGIC;
}

static int mount_on(const char *dir)
{
	if (mkdir(dir, 0700) && errno != EEXIST) {
		sl_error("bpffs: '%s' cannot be made: %m", dir);
		return -errno;
	}
	if (mount("bpf", dir, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700")) {
		int err = -errno;

		sl_error("bpffs: '%s' is on no bpf file system, and none can be mounted there: %s",
			 dir, strerror(-err));
		return err;
	}
	sl_notice("bpffs: mounted on '%s'", dir);
	return 0;
}

int sl_bpffs_mount(const char *dir)
{
	_cleanup_free_ char *copy = strdup(dir);
	const char *parent;

	if (!copy)
		return -ENOMEM;
	parent = dirname(copy);
	if (is_bpffs(access(dir, F_OK) ? parent : dir))
		return 0;
	/* Anything else than the usual place is not ours to hide under a mount. */
	return mount_on(strcmp(parent, BPFFS) == 0 ? parent : dir);
}
