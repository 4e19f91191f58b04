/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "cleanup.h"
#include "diag.h"

void sl_conf_freep(struct sl_conf **conf)
{
	size_t i;

	if (!*conf)
		return;
	for (i = 0; i < (*conf)->nifaces; i++)
		free((*conf)->ifaces[i].pattern);
	for (i = 0; i < (*conf)->nrules; i++) {
		free((*conf)->rules[i].name);
		free((*conf)->rules[i].text);
		sl_match_freep(&(*conf)->rules[i].match);
	}
	free((*conf)->ifaces);
	free((*conf)->rules);
	free(*conf);
	*conf = NULL;
}

static void parser_clear(struct sl_parser *p)
{
	struct sl_source *source, *next;

	for (source = p->sources; source; source = next) {
		next = source->next;
		sl_source_freep(&source);
	}
	sl_nametab_clear(&p->define_names);
	sl_pool_clear(&p->pool);
}

/* What was wrong in the syntax is in diag already: what is left is still checked, for all errors.
 */
static int finish(struct sl_parser *p, size_t errors, size_t first, struct sl_conf **out)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	int err;

	if (p->err)
		return p->err;
	conf = calloc(1, sizeof(*conf));
	if (!conf)
		return -ENOMEM;
	err = sl_check(p, conf);
	sl_diag_sort(p->diag, first);
	if (!err)
		err = p->err;
	if (!err && p->diag->errors > errors)
		err = -EINVAL;
	if (err)
		return err;

	*out = TAKE_PTR(conf);
	return 0;
}

int sl_conf_load(struct sl_conf **out, const char *path, struct sl_diag *diag)
{
	_cleanup_(parser_clear) struct sl_parser p = { .diag = diag };
	size_t errors = diag->errors, first = diag->count;

	sl_include_file(&p, path, NULL);
	return finish(&p, errors, first, out);
}

int sl_conf_parse(struct sl_conf **out, const char *name, const char *dir, const char *text,
		  struct sl_diag *diag)
{
	_cleanup_(parser_clear) struct sl_parser p = { .diag = diag };
	size_t errors = diag->errors, first = diag->count;
	int err;

	err = sl_source_text(&p.sources, name, dir, text);
	if (err)
		return err;
	p.sources->order = 1;
	sl_parse_source(&p, p.sources);
	return finish(&p, errors, first, out);
}
