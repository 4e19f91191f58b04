/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

#include <linux/types.h>
#include <sys/types.h>

#include "loc.h"

/* A text that is being parsed. It stays in memory for as long as messages may point into it. */
struct sl_source {
	struct sl_source *next; /* all of one parse, for freeing */
	const struct sl_source *parent; /* the file that includes this one, or NULL */
	unsigned int depth; /* includes on the way to it */
	unsigned int order; /* of being read, from 1 */
	dev_t device; /* with inode: which file it is; 0 for a text from memory */
	ino_t inode;
	char *name; /* as messages call it */
	char *dir; /* what its includes are relative to */
	char *text; /* NUL-terminated, may hold NUL bytes as well */
	size_t length;
};

/* A file beyond this is not a configuration; also keeps offsets in 32 bits. */
#define SL_SOURCE_MAX (256U << 20)

/* Both leave *out untouched on failure; what read returns besides -ENOMEM is the file's errno. */
int sl_source_read(struct sl_source **out, const char *path);
int sl_source_text(struct sl_source **out, const char *name, const char *dir, const char *text);
void sl_source_freep(struct sl_source **source);

/* The bytes of a place; not NUL-terminated. */
static inline const char *sl_loc_bytes(const struct sl_loc *loc)
{
	return loc->source->text + loc->begin;
}

static inline size_t sl_loc_length(const struct sl_loc *loc)
{
	return loc->end - loc->begin;
}

/* Line and column (in bytes), both from 1, of a place. */
void sl_source_position(const struct sl_loc *loc, unsigned int *line, unsigned int *column);
