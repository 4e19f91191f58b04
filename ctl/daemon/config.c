/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "rules.h"

char *sl_config_diag_text(const struct sl_diag *diag)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	sl_diag_print(diag, file);
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

int sl_config_load(const char *path, struct sl_conf **out, char **words)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_conf_load(out, path, &diag);
	*words = sl_config_diag_text(&diag);
	if (err && (!*words || !**words)) {
		free(*words);
		if (asprintf(words, "%s: %s\n", path, strerror(-err)) < 0)
			*words = NULL;
	}
	return err;
}
