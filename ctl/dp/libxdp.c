// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What every use of libxdp needs around it.
 *
 * libxdp 1.3 never closes the descriptors of the programs that it looked at, and an open
 * descriptor keeps its program alive. So each use notes what is open before, and closes the
 * programs that are open beyond that after. Nobody else in the process may open BPF programs
 * meanwhile.
 *
 * It makes its directory the first time and relies on it ever after; sl_dp_remove() leaves none.
 */

#include "dp.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <xdp/libxdp.h>
#include <xdp/prog_dispatcher.h>

#include "private.h"

static void directory_path(char *path, size_t size)
{
	const char *bpffs = secure_getenv("LIBXDP_BPFFS");

	snprintf(path, size, "%s/xdp", bpffs ? bpffs : "/sys/fs/bpf");
}

void dp_libxdp_rmdir(void)
{
	char path[256];

	directory_path(path, sizeof(path));
	rmdir(path);
}

/* Calls for each descriptor of a BPF program. */
static void each_program(struct dp_libxdp *use, void (*call)(struct dp_libxdp *use, int fd))
{
	DIR *dir = opendir("/proc/self/fd");
	int dir_fd = dir ? dirfd(dir) : -1;
	struct dirent *entry;
	char target[32];
	ssize_t len;

	while (dir_fd >= 0 && (entry = readdir(dir))) {
		len = readlinkat(dir_fd, entry->d_name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		if (!strcmp(target, "anon_inode:bpf-prog"))
			call(use, atoi(entry->d_name));
	}
	if (dir)
		closedir(dir);
}

static void note_open(struct dp_libxdp *use, int fd)
{
	if (use->count < ARRAY_SIZE(use->open))
		use->open[use->count++] = fd;
}

void dp_libxdp_keep(struct dp_libxdp *use, int fd)
{
	note_open(use, fd);
}

static void close_new(struct dp_libxdp *use, int fd)
{
	size_t i;

	for (i = 0; i < use->count; i++)
		if (use->open[i] == fd)
			return;
	if (use->count < ARRAY_SIZE(use->open))
		close(fd);
}

void dp_libxdp_begin(struct dp_libxdp *use)
{
	char path[256];

	directory_path(path, sizeof(path));
	mkdir(path, 0700);
	use->count = 0;
	each_program(use, note_open);
}

void dp_libxdp_end(struct dp_libxdp *use)
{
	each_program(use, close_new);
}

/*
 * A descriptor of the program at this place of the dispatcher, from 0; -ENOENT where there is none.
 * Read from libxdp's pins, whose layout its protocol defines: xdp_multiprog__get_from_ifindex()
 * wants CAP_SYS_ADMIN.
 */
int dp_libxdp_member(int ifindex, __u32 dispatcher, int place)
{
	char dir[256], path[300];
	int fd;

	if (place >= MAX_DISPATCHER_ACTIONS)
		return -ENOENT;
	directory_path(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/dispatch-%d-%u/prog%d-prog", dir, ifindex, dispatcher,
		 place);
	fd = bpf_obj_get(path);
	return fd >= 0 ? fd : -ENOENT;
}

int dp_libxdp_place(int ifindex, __u32 dispatcher, __u32 id)
{
	int place;

	for (place = 0;; place++) {
		_cleanup_close_ int fd = dp_libxdp_member(ifindex, dispatcher, place);

		if (fd < 0)
			return -ENOENT;
		if (dp_prog_id(fd) == id)
			return place;
	}
}

/*
 * A dispatcher's pins outlive its interface; and libxdp makes those of a new dispatcher before it
 * attaches it and removes those of the old one after, so that who is killed in between leaves pins
 * of one that is not attached. They keep its programs alive.
 */
void dp_libxdp_clean(int ifindex)
{
	struct dp_libxdp use;
	char path[256];

	directory_path(path, sizeof(path));
	if (access(path, F_OK))
		return;
	dp_libxdp_begin(&use);
	libxdp_clean_references(ifindex);
	dp_libxdp_end(&use);
}
