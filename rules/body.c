/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "body.h"

#include <errno.h>
#include <string.h>

#include "op.h"
#include "pieces.h"
#include "sets.h"

#define BODY_ALIGN 16
#define OP_MAX	   65528U /* struct sl_op.size, in words of 8 bytes */

/* IP packets have their ethertype, so that the body may ask of them, too, but need not. */
bool sl_body_is_needed(const struct sl_conf_rule *rule, enum sl_l3 l3)
{
	const struct sl_conf_match *match = rule->match;
	size_t i;

	if (rule->nstmts || rule->action > SL_DROP || rule->arg || match->nraws ||
	    match->nlengths || match->mss.count || match->nsets || match->nifaces ||
	    match->nnames || match->ntexts || match->ncontains || rule->nasides ||
	    match->tunnel.count)
		return true;
	for (i = 0; i < match->count; i++) {
		const struct sl_cond *cond = &match->conds[i];

		if (sl_cond_is_body(match, cond) &&
		    !(cond->field == SL_FIELD_ETHERTYPE && l3 != SL_L3_OTHER))
			return true;
	}
	return false;
}

static struct sl_body *body_of(const struct sl_body_writing *w)
{
	return sl_block_at(w->block, w->at);
}

int sl_body_op(struct sl_body_writing *w, enum sl_op_kind kind, size_t size, __u32 arg, void **out)
{
	struct sl_op *op;
	__u32 at;
	int err;

	if (size > OP_MAX)
		return -EOVERFLOW;
	size = (size + 7) & ~(size_t)7;
	err = sl_block_take(w->block, size, 8, &at);
	if (err)
		return err;
	op = sl_block_at(w->block, at);
	*op = (struct sl_op) { .kind = (__u8)kind, .size = (__u16)size, .arg = arg };
	if (w->asks)
		((struct sl_asks *)sl_block_at(w->block, w->asks))->nops++;
	else
		body_of(w)->nops++;
	*out = op;
	return 0;
}

int sl_body_add_bits(struct sl_body_writing *w, const struct sl_cond *cond, __u32 arg)
{
	struct sl_op_bits *op;
	unsigned int i;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_BITS, sizeof(*op), arg, &new);
	if (err)
		return err;
	op = new;
	for (i = 0; i < 256; i++)
		op->bits[i / 64] |= (__u64)sl_intervals_have(&cond->set, i) << i % 64;
	return 0;
}

int sl_body_add_ranges(struct sl_body_writing *w, const struct sl_cond *cond, __u32 arg)
{
	struct sl_op_ranges *op;
	void *new;
	size_t i;
	int err;

	err = sl_body_op(w, SL_OP_RANGES, sizeof(*op) + cond->set.count * sizeof(op->range[0]), arg,
			 &new);
	if (err)
		return err;
	op = new;
	op->count = (__u32)cond->set.count;
	for (i = 0; i < cond->set.count; i++) {
		op->range[i].low = (__u16)cond->set.v[i].low;
		op->range[i].high = (__u16)cond->set.v[i].high;
	}
	return 0;
}

static void fold(struct sl_body_writing *w, const struct sl_field_info *field,
		 const struct sl_piece *piece)
{
	struct sl_op_about *about = w->about ? sl_block_at(w->block, w->about) : NULL;
	struct sl_body *body = body_of(w);
	__u64 value = (__u64)piece->value << field->shift;
	__u64 mask = (__u64)piece->mask << field->shift;

	if (field->place == SL_PLACE_LINK) {
		*(about ? &about->link_value : &body->link_value) |= value;
		*(about ? &about->link_mask : &body->link_mask) |= mask;
	} else {
		*(about ? &about->xport_value : &body->xport_value) |= value;
		*(about ? &about->xport_mask : &body->xport_mask) |= mask;
	}
}

/* One masked compare if that does, which costs nothing beside those of other conditions. */
int sl_body_add_cond(struct sl_body_writing *w, const struct sl_cond *cond)
{
	const struct sl_field_info *field = &sl_fields[cond->field];
	__u32 word = field->place == SL_PLACE_LINK ? SL_WORD_LINK : SL_WORD_XPORT;
	__u32 arg = SL_OP_FIELD(word, field->shift, field->width);
	struct sl_pieces pieces = {};
	int err;

	err = sl_cond_cover(&pieces, cond);
	if (!err && pieces.count == 1)
		fold(w, field, &pieces.v[0]);
	else if (!err && field->width <= 8)
		err = sl_body_add_bits(w, cond, arg);
	else if (!err)
		err = sl_body_add_ranges(w, cond, arg);
	sl_pieces_clear(&pieces);
	return err;
}

/* The sets were written before all bodies. */
__u32 sl_body_set(const struct sl_body_writing *w, __u32 set, const __u8 part[SL_SET_PARTS])
{
	struct sl_ruleset *rules = sl_block_at(w->block, w->block->base);
	unsigned int i;

	for (i = 0; i < SL_SET_PARTS; i++) {
		if (part[i] == SL_PART_SMAC || part[i] == SL_PART_DMAC)
			rules->needs |= SL_NEEDS_MACS;
		if (part[i] >= SL_PART_QNAME)
			rules->needs |= SL_NEEDS_APP | SL_NEEDS_NAME;
	}
	return rules->sets + set * (__u32)sizeof(struct sl_set);
}

int sl_body_add_set(struct sl_body_writing *w, const struct sl_cond_set *cond)
{
	__u32 set = sl_body_set(w, cond->set, cond->part);
	struct sl_op_set *op;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_SET, sizeof(*op), set, &new);
	if (err)
		return err;
	op = new;
	op->op.negate = cond->negate;
	memcpy(op->part, cond->part, sizeof(op->part));
	return 0;
}

/* Behind the operations, which follow the body. */
static int add_reply(struct sl_body_writing *w, const struct sl_conf_rule *rule)
{
	struct sl_reply *reply;
	__u32 at;
	int err;

	err = sl_block_take(w->block, sizeof(*reply), 8, &at);
	if (err)
		return err;
	reply = sl_block_at(w->block, at);
	reply->kind = rule->arg;
	memcpy(reply->addr, rule->reply, sizeof(reply->addr));
	body_of(w)->arg = at;
	return 0;
}

static bool asks_message(const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->nsets; i++)
		if (match->sets[i].part[0] >= SL_PART_QNAME)
			return true;
	return match->nnames || match->ntexts || sl_match_asks_app(match);
}

/* Of datagrams each has its message whole. */
static bool asks_stream(const struct sl_conf_match *match)
{
	return asks_message(match) && (sl_match_reaches(match, SL_L3_IP4, SL_L4_TCP) ||
				       sl_match_reaches(match, SL_L3_IP6, SL_L4_TCP));
}

int sl_body_make(struct sl_block *block, const struct sl_conf_rule *rule,
		 const struct sl_name_key *key, __u32 *at)
{
	const struct sl_conf_match *match = rule->match;
	struct sl_body_writing w = { .block = block };
	__u32 inner = 0;
	const char *why;
	size_t i;
	int err;

	err = sl_inner_make(block, match, &inner);
	if (!err)
		err = sl_block_take(block, sizeof(struct sl_body), BODY_ALIGN, &w.at);
	if (err)
		return err;
	body_of(&w)->slot = rule->slot;
	body_of(&w)->action = rule->action;
	body_of(&w)->arg = sl_conf_rule_resets(rule) ? SL_REJECT_BOTH : rule->arg;
	if (rule->action <= SL_DROP && rule->arg == SL_FLOW_ALL)
		((struct sl_ruleset *)sl_block_at(block, block->base))->needs |= SL_NEEDS_FLOW;
	if (asks_stream(match))
		((struct sl_ruleset *)sl_block_at(block, block->base))->needs |= SL_NEEDS_STREAM;
	body_of(&w)->needs = (__u16)sl_conf_rule_needs(rule, &why);
	if (inner) {
		err = sl_body_add_inner(&w, inner);
		if (err)
			return err;
	}
	for (i = 0; i < match->count; i++) {
		if (!sl_cond_is_body(match, &match->conds[i]))
			continue;
		err = sl_body_add_cond(&w, &match->conds[i]);
		if (err)
			return err;
	}
	/* What is in a rule is nearer than what is in a set. */
	err = sl_body_add_names(&w, match, key);
	if (err)
		return err;
	for (i = 0; i < match->nsets; i++) {
		err = sl_body_add_set(&w, &match->sets[i]);
		if (err)
			return err;
	}
	for (i = 0; i < rule->nasides; i++) {
		err = sl_body_add_set(&w, &rule->asides[i]);
		if (err)
			return err;
	}
	err = sl_body_add_match(&w, match);
	if (!err)
		err = sl_body_add_texts(&w, match);
	if (!err)
		err = sl_body_add_stmts(&w, rule);
	if (!err && rule->action == SL_REJECT && rule->arg >= SL_REJECT_A)
		err = add_reply(&w, rule);
	if (err)
		return err;
	*at = w.at;
	return 0;
}
