/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "bpffs.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <linux/magic.h>

#include "cleanup.h"
#include "log.h"

#define BPFFS "/sys/fs/bpf"

static bool is_bpffs(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && (__u32)fs.f_type == BPF_FS_MAGIC;
}

static bool is_empty(const char *dir)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;
	bool empty = stream;

	while (stream && empty && (entry = readdir(stream)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	if (stream)
		closedir(stream);
	return empty;
}

static int mount_on(const char *dir)
{
	int err;

	if (mkdir(dir, 0755) && errno != EEXIST) {
		err = -errno;
		sl_error("bpffs: '%s' cannot be made: %s", dir, strerror(-err));
		return err;
	}
	if (strcmp(dir, BPFFS) != 0 && !is_empty(dir)) {
		sl_error(
			"bpffs: '%s' is not on a bpf file system, and not empty either: mount one there (mount -t bpf bpf %s), or name another pin directory",
			dir, dir);
		return -ENOTEMPTY;
	}
	if (mount("bpf", dir, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700")) {
		err = -errno;
		sl_error(
			"bpffs: '%s' is not on a bpf file system, and none can be mounted there: %s",
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
	return is_bpffs(parent) ? 0 : mount_on(parent);
}
