/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "body.h"

#include <stdlib.h>

#include "op.h"

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static int add_name(struct sl_body_writing *w, const struct sl_cond_name *cond,
		    const struct sl_name_key *key)
{
	struct sl_op_name *op;
	struct sl_domain domain;
	size_t at = 0;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_NAME, sizeof(*op) + cond->names.count * sizeof(op->name[0]),
			 cond->app, &new);
	if (err)
		return err;
	op = new;
	op->op.negate = cond->negate;
	while (sl_domains_next(&cond->names, &at, &domain))
		op->name[op->count++] =
			sl_domain_hash(key, domain.text, domain.length) | domain.forms;
	qsort(op->name, op->count, sizeof(op->name[0]), compare);
	return 0;
}

int sl_body_add_names(struct sl_body_writing *w, const struct sl_conf_match *match,
		      const struct sl_name_key *key)
{
	struct sl_ruleset *rules = sl_block_at(w->block, w->block->base);
	size_t i;
	int err = 0;

	if (match->nnames)
		rules->needs |= SL_NEEDS_APP | SL_NEEDS_NAME;
	for (i = 0; i < match->nnames && !err; i++)
		err = add_name(w, &match->names[i], key);
	return err;
}
