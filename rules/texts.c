/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>

#include "cleanup.h"
#include "diag.h"

/* A word, or a text in quotes. */
static int read_text(struct sl_narrow *n, const struct sl_atom *atom, struct sl_cond_text *cond)
{
	bool quotes = atom->kind == SL_ATOM_STRING;
	const char *text = sl_loc_bytes(&atom->loc) + quotes;
	size_t length = sl_loc_length(&atom->loc) - (quotes ? 2 : 0);

	if (length > SL_TEXT_MAX)
		return sl_diag_error(n->p->diag, &atom->loc, "longer than %u bytes", SL_TEXT_MAX);
	return sl_texts_add(&cond->texts, text, length, sl_text_is_nocase(cond->of));
}

static int read_texts(struct sl_narrow *n, const struct sl_part *part, struct sl_cond_text *cond)
{
	struct sl_flat texts = {};
	int failed = 0, err;
	size_t i;

	err = sl_flat_names(n->p, part->values, "text", &texts);
	if (err)
		return err;
	for (i = 0; i < texts.count; i++) {
		err = read_text(n, &texts.v[i]->low, cond);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	sl_texts_sort(&cond->texts);
	return failed;
}

static void clear(struct sl_cond_text *cond)
{
	sl_texts_clear(&cond->texts);
}

/* `tls alpn TEXT`, `http method`, `http path`, `http user-agent`, `ssh software` */
int sl_texts_narrow(struct sl_narrow *n, const struct sl_part *part)
{
	const struct sl_selector_info *info = &sl_selectors[part->selector];
	_cleanup_(clear) struct sl_cond_text cond = {
		.of = info->text,
		.negate = part->op == SL_CMP_NE,
	};
	int err;

	if (part->op > SL_CMP_NE)
		return sl_diag_error(n->p->diag, &part->loc,
				     "texts compare with '==' or '!=' only");
	err = read_texts(n, part, &cond);
	if (!err)
		err = sl_matches_imply(n, info, part);
	return err ?: sl_narrow_text(n, &cond, part);
}
