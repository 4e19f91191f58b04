/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

struct sl_part *sl_ast_stmt(struct sl_parser *p, enum sl_op_kind kind, const struct sl_loc *head)
{
	struct sl_part *part = sl_ast_part(p, SL_AST_STMT, SL_SEL_MAX_, head);

	p->stmt_now = part;
	p->rate_said = p->burst_said = p->per_said = p->snap_said = p->sample_said = false;
	if (part)
		part->stmt.kind = kind;
	return part;
}

static struct sl_values *one_value(struct sl_parser *p, struct sl_value *value)
{
	struct sl_values *values = sl_ast_values(p, &value->loc);

	if (values)
		sl_ast_append(values, value);
	return values;
}

struct sl_part *sl_ast_set_field(struct sl_parser *p, enum sl_selector selector,
				 const struct sl_loc *head, struct sl_value *value)
{
	static const struct {
		enum sl_selector selector;
		enum sl_op_kind kind;
		enum sl_vlan_change change;
	} fields[] = {
		{ SL_SEL_DSCP, SL_OP_SET_DSCP, 0 },
		{ SL_SEL_TTL, SL_OP_SET_TTL, 0 },
		{ SL_SEL_TCP_MSS, SL_OP_SET_MSS, 0 },
		{ SL_SEL_VLAN_ID, SL_OP_SET_VLAN, SL_VLAN_ID },
		{ SL_SEL_VLAN_PCP, SL_OP_SET_VLAN, SL_VLAN_PCP },
	};
	struct sl_part *part = sl_ast_stmt(p, SL_OP_MAX_, head);
	size_t i;

	if (!part)
		return NULL;
	part->selector = selector;
	part->values = one_value(p, value);
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (fields[i].selector != selector)
			continue;
		part->stmt.kind = fields[i].kind;
		if (fields[i].kind == SL_OP_SET_VLAN)
			part->stmt.vlan.change = fields[i].change;
		return part->values ? part : NULL;
	}
	part->bad = true;
	sl_parser_note(
		p,
		sl_diag_error(p->diag, head,
			      "'%.*s' cannot be set: there are dscp, ttl, mss, vlan id, vlan pcp "
			      "and bytes, as in 'set payload @0,2 0x1234'",
			      (int)sl_loc_length(head), sl_loc_bytes(head)));
	return part;
}

struct sl_part *sl_ast_set_bytes(struct sl_parser *p, struct sl_part *place, struct sl_values *mask,
				 struct sl_value *value)
{
	place->kind = SL_AST_STMT;
	place->stmt.kind = SL_OP_SET_BYTES;
	place->mask = mask;
	place->values = one_value(p, value);
	return place->values ? place : NULL;
}

/* A number of a statement, or 0 when it was complained about. */
static __u32 number(struct sl_parser *p, const struct sl_loc *loc, const char *what, __u32 max)
{
	const struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_NUMBER, loc);

	if (!atom || atom->number <= max)
		return atom ? (__u32)atom->number : 0;
	p->stmt_now->bad = true;
	sl_parser_note(p,
		       sl_diag_error(p->diag, loc, "'%s' is too large for '%s': %u is the highest",
				     atom->text, what, max));
	return 0;
}

struct sl_part *sl_ast_push_vlan(struct sl_parser *p, const struct sl_loc *head,
				 const struct sl_loc *id, const struct sl_loc *pcp)
{
	struct sl_part *part = sl_ast_stmt(p, SL_OP_SET_VLAN, head);

	if (!part)
		return NULL;
	part->stmt.vlan.change = SL_VLAN_PUSH;
	part->stmt.vlan.value = number(p, id, "vlan id", 4095);
	if (pcp)
		part->stmt.vlan.value |= number(p, pcp, "vlan pcp", 7) << 13;
	return part;
}

__u32 sl_ast_sample(struct sl_parser *p, const struct sl_loc *first, const struct sl_loc *number_)
{
	__u32 count = number(p, number_, "1 in", UINT32_MAX);

	if (!p->stmt_now->bad && !count)
		sl_parser_note(p, sl_diag_error(p->diag, number_, "one packet in 0 is none"));
	if (strtoul(sl_loc_bytes(first), NULL, 10) != 1)
		sl_parser_note(
			p, sl_diag_error(p->diag, first,
					 "a sample is one packet in so many, as in '1 in 100'"));
	return count;
}

void sl_ast_mark(struct sl_parser *p, const struct sl_loc *value, const struct sl_loc *mask)
{
	struct sl_conf_mark *mark = &p->stmt_now->stmt.mark;
	const char *what = p->stmt_now->stmt.kind == SL_OP_MARK ? "mark" : "priority";

	mark->value = number(p, value, what, UINT32_MAX);
	mark->mask = mask ? number(p, mask, what, UINT32_MAX) : UINT32_MAX;
	if (p->stmt_now->bad || !(mark->value & ~mark->mask))
		return;
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, value,
					"0x%x has bits that the mask 0x%x leaves alone",
					mark->value, mark->mask));
}

/* As tc writes a class: major and minor number, both hexadecimal, at most 16 bits each. */
void sl_ast_handle(struct sl_parser *p, const struct sl_loc *handle)
{
	struct sl_conf_mark *mark = &p->stmt_now->stmt.mark;
	const char *text = sl_ast_text(p, handle);
	unsigned long major, minor;
	char *colon;

	if (!text)
		return;
	major = strtoul(text, &colon, 16);
	minor = strtoul(colon + 1, NULL, 16);
	*mark = (struct sl_conf_mark) { (__u32)(major << 16 | minor), UINT32_MAX };
	if (major <= 0xffff && minor <= 0xffff)
		return;
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, handle,
					"'%s' is no class of tc: ffff:ffff is the highest", text));
}
