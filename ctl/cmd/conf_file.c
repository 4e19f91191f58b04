// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "conf_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "out.h"

/* What sl_conf_load takes as well. */
#define TEXT_MAX (256UL << 20)

static int read_all(FILE *from, char **out)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, space = 0;
	char *more;

	do {
		if (length >= TEXT_MAX)
			return -EFBIG;
		space = space ? 2 * space : 65536;
		more = realloc(text, space);
		if (!more)
			return -ENOMEM;
		text = more;
		length += fread(text + length, 1, space - length - 1, from);
	} while (length == space - 1);
	if (ferror(from))
		return -EIO;
	if (memchr(text, 0, length))
		return -EILSEQ;
	text[length] = 0;
	*out = TAKE_PTR(text);
	return 0;
}

int sl_conf_file_load(struct sl_conf **out, const char *path, struct sl_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	int err;

	if (strcmp(path, "-") != 0)
		return sl_conf_load(out, path, diag);
	err = read_all(stdin, &text);
	if (err)
		return err;
	return sl_conf_parse(out, "<stdin>", ".", text, diag);
}

int sl_conf_file_or_say(struct sl_conf **out, const char *path)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err = sl_conf_file_load(out, path, &diag);

	/* Warnings are for `check`. */
	if (!err)
		return SL_EXIT_OK;
	if (!diag.count)
		return sl_fail("%s: %s", path, strerror(-err));
	sl_diag_print(&diag, stderr);
	return sl_fail("%s is not usable", path);
}
