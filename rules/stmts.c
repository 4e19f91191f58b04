/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "diag.h"

/* The one number that a statement sets. */
static int read_number(struct sl_parser *p, const struct sl_values *values,
		       const struct sl_selector_info *selector, sl_u128 *out)
{
	_cleanup_(sl_wanted_clear) struct sl_wanted wanted = {
		.selector = selector,
		.field = selector->field,
	};
	int err;

	err = sl_values_read(p, values, &wanted);
	if (err)
		return err;
	if (wanted.set.count != 1 || wanted.set.v[0].low != wanted.set.v[0].high)
		return sl_diag_error(p->diag, &values->loc, "one number can be set, not several");
	*out = wanted.set.v[0].low;
	return 0;
}

static int read_field(struct sl_parser *p, const struct sl_part *part, struct sl_conf_stmt *stmt)
{
	sl_u128 number;
	int err;

	err = read_number(p, part->values, &sl_selectors[part->selector], &number);
	if (err)
		return err;
	if (stmt->kind == SL_OP_SET_TTL && !number)
		return sl_diag_error(p->diag, &part->values->loc,
				     "a packet with a TTL of 0 goes nowhere");
	if (stmt->kind == SL_OP_SET_VLAN)
		stmt->vlan.value = (__u32)number;
	else
		stmt->number = (__u32)number;
	return 0;
}

static void put_bytes(__u8 to[16], unsigned int length, sl_u128 number)
{
	while (length--) {
		to[length] = (__u8)number;
		number >>= 8;
	}
}

static int read_bytes(struct sl_parser *p, const struct sl_part *part, struct sl_conf_stmt *stmt)
{
	const struct sl_ast_place *place = &part->place;
	struct sl_selector_info info = {
		.name = sl_ast_text(p, &part->head),
		.field = SL_FIELD_MAX_,
		.words = &sl_words_none,
		.kind = SL_KIND_RAW,
		.length = place->length,
	};
	sl_u128 value, mask = sl_selector_max(&info);
	int err;

	if (!info.name)
		return -ENOMEM;
	if (!place->length)
		return -EINVAL;
	err = read_number(p, part->values, &info, &value);
	if (!err && part->mask)
		err = read_number(p, part->mask, &info, &mask);
	if (err)
		return err;
	if (value & ~mask)
		return sl_diag_error(p->diag, &part->values->loc,
				     "this has bits that the mask leaves alone");
	stmt->bytes = (struct sl_conf_write) {
		.base = place->base,
		.offset = place->offset,
		.length = place->length,
	};
	put_bytes(stmt->bytes.value, place->length, value);
	put_bytes(stmt->bytes.mask, place->length, mask);
	return 0;
}

static int read_ban(struct sl_parser *p, const struct sl_part *part, struct sl_conf_stmt *stmt)
{
	const struct sl_ast_set *set;
	int err;

	err = sl_refs_find(p, part->name, &part->name->loc, &set);
	if (err)
		return err;
	if (!set->timeout_s)
		return sl_diag_error(p->diag, &part->name->loc,
				     "'%s' has no timeout: what is banned would stay so for ever",
				     set->name);
	stmt->ban.set = set->index;
	if (part->selectors)
		return sl_refs_parts(p, part->selectors, set, &part->name->loc, stmt->ban.part);
	sl_set_default_parts(&p->conf->sets[set->index], stmt->ban.part);
	return 0;
}

static int read_stmt(struct sl_parser *p, const struct sl_part *part, struct sl_conf_stmt *stmt)
{
	*stmt = part->stmt;
	if (part->bad)
		return -EINVAL;
	switch (stmt->kind) {
	case SL_OP_SET_DSCP:
	case SL_OP_SET_TTL:
	case SL_OP_SET_MSS:
		return read_field(p, part, stmt);
	case SL_OP_SET_VLAN:
		return part->values ? read_field(p, part, stmt) : 0;
	case SL_OP_SET_BYTES:
		return read_bytes(p, part, stmt);
	case SL_OP_BAN:
		return read_ban(p, part, stmt);
	case SL_OP_MIRROR:
		return sl_ifnames_port(p, part->name, &stmt->port);
	default:
		return 0;
	}
}

static size_t count_stmts(const struct sl_ast_rule *rule)
{
	const struct sl_part *part;
	size_t count = 0;

	for (part = rule->parts; part; part = part->next)
		count += part->kind == SL_AST_STMT && !part->counts;
	return count;
}

static int read_verdict(struct sl_parser *p, const struct sl_part *part, struct sl_conf_rule *out)
{
	if (part->bad)
		return -EINVAL;
	out->action = part->verdict;
	out->arg = part->arg;
	memcpy(out->reply, part->reply, sizeof(out->reply));
	return part->verdict == SL_REDIRECT ? sl_ifnames_port(p, part->name, &out->arg) : 0;
}

int sl_stmts_read(struct sl_parser *p, const struct sl_ast_rule *rule, struct sl_conf_rule *out)
{
	size_t count = count_stmts(rule);
	const struct sl_part *part;
	int failed = 0, err;

	if (count) {
		out->stmts = calloc(count, sizeof(*out->stmts));
		if (!out->stmts)
			return -ENOMEM;
	}
	for (part = rule->parts; part; part = part->next) {
		err = 0;
		if (part->kind == SL_AST_STMT && !part->counts)
			err = read_stmt(p, part, &out->stmts[out->nstmts++]);
		else if (part->kind == SL_AST_VERDICT)
			err = read_verdict(p, part, out);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}
