// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The pin directory and what is in it: see dp.h for its layout. */

#include "dp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include "names.h"
#include "private.h"

#define BPF_FS 0xcafe4a11

struct path {
	char text[PATH_MAX];
};

static int path_make(const struct sl_dp *dp, struct path *path, const char *format, va_list args)
{
	bool below = strcmp(format, ".");
	int dir = snprintf(path->text, sizeof(path->text), "%s%s", dp->pin_dir, below ? "/" : "");
	int rest;

	if (dir >= (int)sizeof(path->text))
		return -ENAMETOOLONG;
	if (!below)
		return 0;
	rest = vsnprintf(path->text + dir, sizeof(path->text) - dir, format, args);
	return dir + rest >= (int)sizeof(path->text) ? -ENAMETOOLONG : 0;
}

#define PATH(path, dp, format)                                   \
	({                                                       \
		va_list args_;                                   \
		int err_;                                        \
		va_start(args_, format);                         \
		err_ = path_make((dp), (path), (format), args_); \
		va_end(args_);                                   \
		err_;                                            \
	})

/* The directory that holds the pin directory must be on a bpffs: mkdir would work elsewhere, too. */
int dp_pins_check(struct sl_dp *dp)
{
	_cleanup_free_ char *copy = strdup(dp->pin_dir);
	struct statfs fs;
	const char *parent;

	if (!copy)
		return -ENOMEM;
	parent = dirname(copy);
	if (statfs(parent, &fs))
		return dp_fail(dp, -errno, "pin directory '%s': %s", parent, dp_words(errno));
	if ((__u32)fs.f_type != BPF_FS)
		return dp_fail(dp, -EINVAL, "'%s' is not on a BPF file system: mount -t bpf bpf %s",
			       parent, parent);
	return 0;
}

/* The kernel lets go of it when the process ends, however it ends. */
int dp_pins_lock(struct sl_dp *dp)
{
	if (dp->lock_fd >= 0)
		return 0;
	dp->lock_fd = open(dp->pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dp->lock_fd < 0)
		return errno == ENOENT ? -ENOENT
				       : dp_fail(dp, -errno, "pin directory '%s': %s", dp->pin_dir,
						 dp_words(errno));
	if (!flock(dp->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	dp_closep(&dp->lock_fd);
	return dp_fail(dp, -EBUSY, "'%s' is in use by another process (is sluiced running?)",
		       dp->pin_dir);
}

int dp_mkdir(struct sl_dp *dp, const char *format, ...)
{
	struct path path;
	int err = PATH(&path, dp, format);

	if (!err && mkdir(path.text, 0700) && errno != EEXIST)
		err = -errno;
	if (err)
		return dp_fail(dp, err, "pin directory '%s': %s", path.text, dp_words(err));
	return 0;
}

int dp_pin(struct sl_dp *dp, int fd, const char *format, ...)
{
	struct path path;
	int err = PATH(&path, dp, format);

	if (!err)
		err = bpf_obj_pin(fd, path.text);
	if (err)
		return dp_fail(dp, err, "pin '%s': %s", path.text, dp_words(err));
	return 0;
}

int dp_pin_get(struct sl_dp *dp, const char *format, ...)
{
	struct path path;
	int fd = PATH(&path, dp, format);

	if (!fd)
		fd = bpf_obj_get(path.text);
	if (fd < 0 && fd != -ENOENT)
		return dp_fail(dp, fd, "pin '%s': %s", path.text, dp_words(fd));
	return fd;
}

int dp_unpin(struct sl_dp *dp, const char *format, ...)
{
	struct path path;
	int err = PATH(&path, dp, format);

	if (!err && unlink(path.text) && errno != ENOENT)
		err = -errno;
	if (err)
		return dp_fail(dp, err, "remove pin '%s': %s", path.text, dp_words(err));
	return 0;
}

void dp_rmdir(struct sl_dp *dp, const char *format, ...)
{
	struct path path;

	if (!PATH(&path, dp, format))
		rmdir(path.text);
}

int dp_pin_rename(struct sl_dp *dp, const char *from, const char *to)
{
	char old[PATH_MAX], new[PATH_MAX];

	snprintf(old, sizeof(old), "%s/%s", dp->pin_dir, from);
	snprintf(new, sizeof(new), "%s/%s", dp->pin_dir, to);
	if (rename(old, new))
		return dp_fail(dp, -errno, "rename pin '%s': %s", old, dp_words(errno));
	return 0;
}

int dp_pin_commit(struct sl_dp *dp, int ifindex, enum sl_hook hook)
{
	char from[64], to[64];

	snprintf(from, sizeof(from), "if/%d/%s-new", ifindex, sl_hook_names[hook]);
	snprintf(to, sizeof(to), "if/%d/%s", ifindex, sl_hook_names[hook]);
	return dp_pin_rename(dp, from, to);
}

static int list_add(int **ifindexes, size_t *count, int ifindex)
{
	int *more = reallocarray(*ifindexes, *count + 1, sizeof(**ifindexes));

	if (!more)
		return -ENOMEM;
	*ifindexes = more;
	more[(*count)++] = ifindex;
	return 0;
}

int dp_pins_list(struct sl_dp *dp, int **ifindexes, size_t *count)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/if", dp->pin_dir);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : dp_fail(dp, -errno, "'%s': %s", path, dp_words(errno));
	while (!err && (entry = readdir(dir)))
		if (atoi(entry->d_name) > 0)
			err = list_add(ifindexes, count, atoi(entry->d_name));
	closedir(dir);
	return err;
}

void dp_pins_drop(struct sl_dp *dp, int ifindex)
{
	static const char *const suffixes[] = { "", "-new", "-link" };
	unsigned int hook;
	size_t i;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		for (i = 0; i < ARRAY_SIZE(suffixes); i++)
			dp_unpin(dp, "if/%d/%s%s", ifindex, sl_hook_names[hook], suffixes[i]);
	dp_unpin(dp, "if/%d/clsact", ifindex);
	dp_rmdir(dp, "if/%d", ifindex);
	dp_rmdir(dp, "if");
}
