/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "cleanup.h"
#include "diag.h"

static void rules_free(struct sl_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		free(conf->rules[i].name);
		free(conf->rules[i].text);
		sl_match_freep(&conf->rules[i].match);
		free(conf->rules[i].stmts);
		free(conf->rules[i].asides);
	}
	free(conf->rules);
}

static void names_free(char **names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free((void *)names);
}

static void sources_free(struct sl_source *source)
{
	struct sl_source *next;

	for (; source; source = next) {
		next = source->next;
		sl_source_freep(&source);
	}
}

void sl_conf_freep(struct sl_conf **conf)
{
	struct sl_conf *c = *conf;
	size_t i;

	if (!c)
		return;
	rules_free(c);
	for (i = 0; i < c->nifaces; i++)
		free(c->ifaces[i].pattern);
	free(c->ifaces);
	for (i = 0; i < c->nsets; i++)
		sl_set_clear(&c->sets[i]);
	free(c->sets);
	for (i = 0; i < c->ndefines; i++)
		free(c->defines[i].name);
	free(c->defines);
	names_free(c->ports, c->nports);
	names_free(c->patterns, c->npatterns);
	free(c->geoip);
	sources_free(c->sources);
	free(c);
	*conf = NULL;
}

static void parser_clear(struct sl_parser *p)
{
	sources_free(p->sources);
	sl_nametab_clear(&p->define_names);
	sl_nametab_clear(&p->set_names);
	sl_nametab_clear(&p->port_names);
	sl_nametab_clear(&p->pattern_names);
	sl_nametab_clear(&p->country_names);
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
	if (!err)
		err = p->err;
	sl_diag_sort(p->diag, first);
	if (!err && p->diag->errors > errors)
		err = -EINVAL;
	if (err)
		return err;

	conf->sources = TAKE_PTR(p->sources);
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
