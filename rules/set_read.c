/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * Files of elements as feeds come: plain addresses, CIDR, netset, ranges; one element a line, and
 * behind '#' or ';' a comment. What is no element is an error with its place; the file is read on,
 * so that all are known at once.
 */

#include "set_content.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "diag.h"

struct feed {
	const struct sl_source *source;
	const struct sl_set_spec *spec;
	struct sl_conf_elems *elems;
	struct sl_diag *diag;
	size_t errors;
	struct sl_loc more; /* the first error that is only counted */
};

/* The line without its comment and the blanks around what is left. */
static void strip(const char **text, const char **end)
{
	const char *c;

	for (c = *text; c < *end && *c != '#' && *c != ';'; c++)
		;
	*end = c;
	while (*text < *end && (**text == ' ' || **text == '\t'))
		++*text;
	while (*end > *text && ((*end)[-1] == ' ' || (*end)[-1] == '\t' || (*end)[-1] == '\r'))
		--*end;
}

static int complain(void *arg, const char *text, const struct sl_elem_error *error)
{
	struct feed *f = arg;
	__u32 begin = (__u32)(text - f->source->text + error->begin);
	struct sl_loc loc = { f->source, begin, (__u32)(begin + error->end - error->begin) };

	if (f->errors++ < SL_FEED_ERRORS)
		return sl_diag_error(f->diag, &loc, "%s", error->text) == -ENOMEM ? -ENOMEM : 0;
	if (!f->more.source)
		f->more = loc;
	return 0;
}

static int read_line(struct feed *f, const char *text, const char *end)
{
	struct sl_elem_error error;
	struct sl_conf_elem elem;

	strip(&text, &end);
	if (text == end)
		return 0;
	if (f->spec->type[0] == SL_TYPE_DOMAIN)
		return sl_domain_line(&f->elems->names, text, end, complain, f);
	if (sl_elem_read(f->spec, text, (size_t)(end - text), &elem, &error))
		return complain(f, text, &error);
	return sl_elems_add(f->elems, f->spec, &elem);
}

static int read_lines(struct feed *f)
{
	const char *text = f->source->text, *end = text + f->source->length, *newline;
	int err = 0;

	while (text < end && !err) {
		newline = memchr(text, '\n', (size_t)(end - text));
		err = read_line(f, text, newline ? newline : end);
		text = newline ? newline + 1 : end;
	}
	if (err || !f->errors)
		return err;
	if (f->errors > SL_FEED_ERRORS)
		sl_diag_error(f->diag, &f->more, "%zu lines from here on are no elements either",
			      f->errors - SL_FEED_ERRORS);
	return -EINVAL;
}

/* Pipes and devices may never end. */
static int open_feed(struct sl_source **source, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	return sl_source_read(source, path);
}

static int cannot_read(struct sl_diag *diag, const struct sl_loc *place, const char *path, int err)
{
	if (err == -ENOMEM)
		return err;
	if (err == -ENOTSUP)
		return sl_diag_error(diag, place, "'%s' is not a file", path);
	if (err == -EFBIG)
		return sl_diag_error(diag, place, "'%s' is larger than %u MiB", path,
				     SL_SOURCE_MAX >> 20);
	return sl_diag_error(diag, place, "cannot read '%s': %s", path, strerrordesc_np(-err));
}

int sl_feed_read(struct sl_conf_elems *elems, const struct sl_set_spec *spec, const char *path,
		 const struct sl_loc *place, unsigned int order, struct sl_diag *diag)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	struct feed feed = { .spec = spec, .elems = elems, .diag = diag };
	int err;

	err = open_feed(&source, path);
	if (err)
		return cannot_read(diag, place, path, err);
	source->order = order;
	feed.source = source;
	return read_lines(&feed);
}
