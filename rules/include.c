/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"

/* The file is already open further up. */
static bool is_loop(const struct sl_source *source)
{
	const struct sl_source *parent;

	for (parent = source->parent; parent; parent = parent->parent) {
		if (parent->inode && parent->inode == source->inode &&
		    parent->device == source->device)
			return true;
	}
	return false;
}

static int complain(struct sl_parser *p, const struct sl_loc *place, const char *path, int err)
{
	if (err == -ENOMEM)
		return err;
	if (err == -EISDIR)
		return sl_diag_error(
			p->diag, place,
			"'%s' is a directory: name the files in it, as in \"%s/*.conf\"", path,
			path);
	if (err == -EFBIG)
		return sl_diag_error(p->diag, place, "'%s' is larger than %u MiB", path,
				     SL_SOURCE_MAX >> 20);
	return sl_diag_error(p->diag, place, "cannot read '%s': %s", path, strerrordesc_np(-err));
}

int sl_include_file(struct sl_parser *p, const char *path, const struct sl_loc *place)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	struct sl_source *kept;
	int err;

	err = sl_source_read(&source, path);
	if (err) {
		sl_parser_note(p, complain(p, place, path, err));
		return p->err;
	}
	if (place) {
		source->parent = place->source;
		source->depth = place->source->depth + 1;
	}
	if (is_loop(source)) {
		sl_parser_note(p, sl_diag_error(p->diag, place, "'%s' includes itself", path));
		return p->err;
	}
	if (source->depth > SL_INCLUDE_DEPTH) {
		sl_parser_note(p, sl_diag_error(p->diag, place,
						"files include each other more than %d deep",
						SL_INCLUDE_DEPTH));
		return p->err;
	}
	kept = TAKE_PTR(source);
	kept->order = p->sources ? p->sources->order + 1 : 1;
	kept->next = p->sources;
	p->sources = kept;
	return sl_parse_source(p, kept);
}

char *sl_include_path(struct sl_parser *p, const char *pattern, const struct sl_loc *place)
{
	const char *dir = place->source->dir;
	size_t size = strlen(dir) + strlen(pattern) + 2;
	char *path;

	path = sl_pool_alloc(&p->pool, size);
	if (!path)
		p->err = -ENOMEM;
	else if (*pattern == '/' || !strcmp(dir, "."))
		snprintf(path, size, "%s", pattern);
	else
		snprintf(path, size, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/",
			 pattern);
	return path;
}

static int include_glob(struct sl_parser *p, const char *path, const struct sl_loc *place)
{
	glob_t found = {};
	size_t i;
	int err;

	err = glob(path, GLOB_NOMAGIC, NULL, &found);
	if (err == GLOB_NOSPACE) {
		p->err = -ENOMEM;
	} else if (err == GLOB_ABORTED) {
		sl_parser_note(p, sl_diag_error(p->diag, place, "cannot list '%s'", path));
	} else if (!err) {
		for (i = 0; i < found.gl_pathc && !p->err; i++)
			sl_include_file(p, found.gl_pathv[i], place);
	}
	globfree(&found);
	return p->err;
}

/* place is the string with its quotes. */
int sl_include(struct sl_parser *p, const struct sl_loc *place)
{
	struct sl_loc inner = { place->source, place->begin + 1, place->end - 1 };
	const char *pattern = sl_ast_text(p, &inner);
	char *path;

	if (!pattern)
		return p->err;
	if (!*pattern || strlen(pattern) < sl_loc_length(&inner)) {
		sl_parser_note(p, sl_diag_error(p->diag, place, "this names no file"));
		return p->err;
	}
	path = sl_include_path(p, pattern, place);
	if (!path)
		return p->err;
	if (strpbrk(pattern, "*?["))
		return include_glob(p, path, place);
	return sl_include_file(p, path, place);
}
