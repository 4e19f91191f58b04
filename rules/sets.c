/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

struct sl_conf_set *sl_sets_add(struct sl_conf *conf)
{
	struct sl_conf_set *bigger = reallocarray(conf->sets, conf->nsets + 1, sizeof(*bigger));

	if (!bigger)
		return NULL;
	conf->sets = bigger;
	return memset(&bigger[conf->nsets++], 0, sizeof(*bigger));
}

static int copy_files(const struct sl_ast_set *ast, struct sl_conf_set *set)
{
	const struct sl_value *value;
	size_t count = 0;

	if (!ast->files)
		return 0;
	for (value = ast->files->first; value; value = value->next)
		count++;
	assert(count);
	set->files = calloc(count, sizeof(*set->files));
	if (!set->files)
		return -ENOMEM;
	for (value = ast->files->first; value; value = value->next) {
		struct sl_conf_file *file = &set->files[set->nfiles];

		file->loc = value->low.loc;
		file->pattern = strdup(value->low.text);
		if (!file->pattern)
			return -ENOMEM;
		set->nfiles++;
	}
	return 0;
}

/* Entries are found by their keys, which have room for so many addresses of any kind. */
#define WIDE_MAX 2

int sl_sets_types(struct sl_parser *p, const enum sl_set_type *type, unsigned int nparts,
		  const struct sl_loc *loc)
{
	unsigned int i, wide = 0;

	for (i = 0; i < nparts; i++) {
		if (type[i] == SL_TYPE_DOMAIN && nparts > 1)
			return sl_diag_error(p->diag, loc,
					     "a domain cannot be a part of an element");
		if (type[i] == SL_TYPE_PREFIX && nparts > 1)
			return sl_diag_error(p->diag, loc,
					     "a prefix cannot be a part of an element: use 'addr'");
		wide += type[i] != SL_TYPE_PORT && type[i] != SL_TYPE_PROTO;
	}
	if (wide <= WIDE_MAX)
		return 0;
	return sl_diag_error(p->diag, loc,
			     "of the parts of an element, %d can be addresses or MAC addresses",
			     WIDE_MAX);
}

static int check_set(struct sl_parser *p, struct sl_ast_set *ast, struct sl_conf_set *set)
{
	int err;

	set->name = strdup(ast->name);
	if (!set->name)
		return -ENOMEM;
	set->loc = ast->loc;
	memcpy(set->type, ast->type, sizeof(set->type));
	set->nparts = ast->nparts;
	set->size = ast->size;
	set->timeout_s = ast->timeout_s;
	set->counters = ast->counters;
	if (ast->bad)
		return -EINVAL;
	if (!ast->nparts)
		return sl_diag_error(p->diag, &ast->loc,
				     "set '%s' has no type: say what is in it, as in 'type addr'",
				     ast->name);
	err = sl_sets_types(p, ast->type, ast->nparts, &ast->type_loc);
	if (!err && ast->type[0] == SL_TYPE_DOMAIN && ast->timeout_s)
		err = sl_diag_error(p->diag, &ast->timeout_loc,
				    "names in a set of domains have no timeout");
	if (err)
		return err;
	err = copy_files(ast, set);
	if (err || !ast->elements)
		return err;
	return sl_elems_read(p, ast->elements, set);
}

int sl_sets_check(struct sl_parser *p)
{
	struct sl_ast_set *ast;
	int failed = 0, err;

	for (ast = p->sets; ast; ast = ast->next) {
		struct sl_conf_set *set = sl_sets_add(p->conf);

		if (!set)
			return -ENOMEM;
		ast->index = (__u32)p->conf->nsets - 1;
		err = check_set(p, ast, set);
		if (err == -ENOMEM)
			return err;
		ast->bad = err;
		failed = err ? err : failed;
	}
	return failed;
}
