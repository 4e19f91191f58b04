/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

static void closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void sl_source_freep(struct sl_source **source)
{
	if (!*source)
		return;
	free((*source)->name);
	free((*source)->dir);
	free((*source)->text);
	free(*source);
	*source = NULL;
}

/* What comes before the last slash; "." when there is none. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* size is a first guess: what stat() says may be 0 (pipes, /proc) or change under our hands. */
static int read_all(int fd, size_t size, struct sl_source *source)
{
	ssize_t got;
	char *text;

	for (;;) {
		if (source->length >= size || !source->text) {
			size = source->text ? size * 2 : size + 1;
			text = realloc(source->text, size + 1);
			if (!text)
				return -ENOMEM;
			source->text = text;
		}
		got = read(fd, source->text + source->length, size - source->length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		source->length += (size_t)got;
		if (source->length > SL_SOURCE_MAX)
			return -EFBIG;
	}
	source->text[source->length] = '\0';
	return 0;
}

int sl_source_read(struct sl_source **out, const char *path)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	_cleanup_(closep) int fd = -1;
	struct stat st;
	int err;

	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->name = strdup(path);
	source->dir = directory_of(path);
	if (!source->name || !source->dir)
		return -ENOMEM;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (st.st_size > (off_t)SL_SOURCE_MAX)
		return -EFBIG;
	source->device = st.st_dev;
	source->inode = st.st_ino;
	err = read_all(fd, (size_t)st.st_size, source);
	if (err)
		return err;

	*out = TAKE_PTR(source);
	return 0;
}

int sl_source_text(struct sl_source **out, const char *name, const char *dir, const char *text)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;

	if (strlen(text) > SL_SOURCE_MAX)
		return -EFBIG;
	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->name = strdup(name);
	source->dir = strdup(dir ? dir : ".");
	source->text = strdup(text);
	if (!source->name || !source->dir || !source->text)
		return -ENOMEM;
	source->length = strlen(text);

	*out = TAKE_PTR(source);
	return 0;
}

void sl_source_position(const struct sl_loc *loc, unsigned int *line, unsigned int *column)
{
	const char *text = loc->source->text, *place = text + loc->begin, *newline;

	*line = 1;
	while ((newline = memchr(text, '\n', (size_t)(place - text)))) {
		text = newline + 1;
		++*line;
	}
	*column = (unsigned int)(place - text) + 1;
}
