/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>

#include "cleanup.h"
#include "diag.h"
#include "set_content.h"

static int read_name(struct sl_parser *p, const struct sl_atom *atom, struct sl_domains *out)
{
	struct sl_elem_error error;
	struct sl_domain domain;
	struct sl_loc loc = atom->loc;
	size_t length = sl_loc_length(&atom->loc);

	loc.begin += atom->kind == SL_ATOM_STRING;
	length -= atom->kind == SL_ATOM_STRING ? 2 : 0;
	if (!sl_domain_read(sl_loc_bytes(&loc), length, &domain, &error))
		return sl_domains_add(out, &domain);
	loc.end = loc.begin + (__u32)error.end;
	loc.begin += (__u32)error.begin;
	return sl_diag_error(p->diag, &loc, "%s", error.text);
}

int sl_names_read(struct sl_parser *p, const struct sl_values *values, struct sl_domains *out)
{
	struct sl_flat names = {};
	int failed = 0, err;
	size_t i;

	err = sl_flat_names(p, values, "domain name", &names);
	if (err)
		return err;
	for (i = 0; i < names.count; i++) {
		err = read_name(p, &names.v[i]->low, out);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed ?: sl_domains_sort(out);
}

static void clear(struct sl_cond_name *cond)
{
	sl_domains_clear(&cond->names);
}

/* `dns qname NAME`, `tls sni`, `http host` */
int sl_names_narrow(struct sl_narrow *n, const struct sl_part *part)
{
	const struct sl_selector_info *info = &sl_selectors[part->selector];
	_cleanup_(clear) struct sl_cond_name cond = {
		.app = info->app,
		.negate = part->op == SL_CMP_NE,
	};
	int err;

	if (part->op > SL_CMP_NE)
		return sl_diag_error(n->p->diag, &part->loc,
				     "names compare with '==' or '!=' only");
	err = sl_names_read(n->p, part->values, &cond.names);
	if (!err)
		err = sl_matches_imply(n, info, part);
	return err ?: sl_narrow_name(n, &cond, part);
}
