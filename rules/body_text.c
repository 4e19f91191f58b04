/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "body.h"

#include <errno.h>
#include <string.h>

#include "op.h"

/* A star at the beginning and at the end stands for anything. */
static struct sl_text_form form_of(const char **text)
{
	size_t length = strlen(*text);
	bool open = length && **text == '*';
	bool shut = length > open && (*text)[length - 1] == '*';

	*text += open;
	return (struct sl_text_form) {
		.length = (__u16)(length - open - shut),
		.any_before = open,
		.any_behind = shut || (open && length == 1),
	};
}

static size_t size_of(const char *text)
{
	struct sl_text_form form = form_of(&text);

	return sizeof(form) + ((size_t)form.length + 7) / 8 * 8;
}

static int add_text(struct sl_body_writing *w, const struct sl_cond_text *cond)
{
	size_t size = sizeof(struct sl_op_text), i;
	struct sl_op_text *op;
	unsigned char *to;
	void *new;
	int err;

	for (i = 0; i < cond->texts.count; i++)
		size += size_of(cond->texts.v[i]);
	err = sl_body_op(w, SL_OP_APP_TEXT, size, cond->of, &new);
	if (err)
		return err;
	op = new;
	op->op.negate = cond->negate;
	op->count = (__u32)cond->texts.count;
	op->nocase = sl_text_is_nocase(cond->of);
	to = (unsigned char *)(op + 1);
	for (i = 0; i < cond->texts.count; i++) {
		const char *text = cond->texts.v[i];
		struct sl_text_form form = form_of(&text);

		memcpy(to, &form, sizeof(form));
		memcpy(to + sizeof(form), text, form.length);
		to += size_of(cond->texts.v[i]);
	}
	return 0;
}

int sl_body_add_texts(struct sl_body_writing *w, const struct sl_conf_match *match)
{
	struct sl_ruleset *rules = sl_block_at(w->block, w->block->base);
	size_t i;
	int err = 0;

	if (match->ntexts)
		rules->needs |= SL_NEEDS_APP;
	for (i = 0; i < match->ntexts && !err; i++)
		err = add_text(w, &match->texts[i]);
	return err;
}
