/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A rule's body: what it asks beyond addresses and ports, and what it does, see abi/op.h. Global
 * functions, which the verifier walks once: packets that meet no rule with a body pay for none.
 */

#include "count.h"
#include "op_flow.h"
#include "op_inner.h"
#include "op_limit.h"
#include "op_log.h"
#include "op_match.h"
#include "op_mss.h"
#include "op_name.h"
#include "op_rewrite.h"
#include "op_set.h"
#include "op_text.h"
#include "op_vlan.h"

/* Beside the verdicts: the rule needs an skb, and there is none here. */
#define SL_BODY_LEFT (-1)

#ifdef SL_HAS_SKB

_Static_assert(sizeof(struct sl_found) % 8 == 0 &&
		       sizeof(struct sl_found) <= sizeof(((struct sl_work *)0)->kept),
	       "words that are kept");

/*
 * A copy that comes through this very program, in a tunnel perhaps, leaves there what was found in
 * it. What was found in the packet is kept meanwhile; its message is not touched, see app_work().
 */
SL_VERIFIED_ONCE int sl_mirror_keep(__u32 work, __u32 back)
{
	__u32 at = work + (__u32)offsetof(struct sl_work, kept);
	struct sl_scratch *scratch = sl_scratch();
	__u64 *found;

	if (!scratch)
		return 0;
	found = (__u64 *)&scratch->found;
	SL_UNROLL for (__u32 i = 0; i < sizeof(struct sl_found) / 8; i++)
	{
		if (back)
			found[i] = *SL_AT(__u64, at + i * 8);
		else
			*SL_AT(__u64, at + i * 8) = found[i];
	}
	SL_AT(struct sl_work, work)->lent = !back;
	return 0;
}

/* Of its own for the stack; a copy costs so much that the call is nothing. */
SL_VERIFIED_ONCE int sl_body_mirror(SL_CTX *ctx, struct sl_facts *facts, __u32 ruleset, __u32 port)
{
	const struct sl_ruleset __arena *rules = SL_AT(struct sl_ruleset, ruleset);
	__u32 at = rules->ports + port * (__u32)sizeof(struct sl_rule_port);
	__u32 ifindex = SL_AT(struct sl_rule_port, at)->ifindex;
	__u32 work = sl_work_offset(sl_cpu(), SL_HOOK_TC_EGRESS);
	/* A copy of a copy is not made. */
	bool keeps = (rules->needs & SL_NEEDS_WORK) && !SL_AT(struct sl_work, work)->lent;

	if (!facts)
		return 0;
	if (keeps)
		sl_mirror_keep(work, false);
	if (!ifindex || sl_skb_mirror(ctx, ifindex))
		sl_undone(facts, SL_REASON_MIRROR_PORT);
	if (keeps)
		sl_mirror_keep(work, true);
	return 0;
}
#endif

/* A match that the packet lacks the field for does not hold, negated or not. */
static __always_inline bool body_asks(SL_CTX *ctx, struct sl_facts *facts, __u32 at, __u32 slot,
				      __u32 ruleset)
{
	const struct sl_op __arena *op = SL_AT(struct sl_op, at);
	int found;

	switch (op->kind) {
	case SL_OP_BITS:
		found = op_bits(&facts->key, at) ? OP_YES : OP_NO;
		break;
	case SL_OP_RANGES:
		found = op_ranges(&facts->key, at) ? OP_YES : OP_NO;
		break;
	case SL_OP_BYTES:
		found = sl_op_bytes(ctx, facts, at);
		break;
	case SL_OP_LENGTH:
		found = sl_op_length(facts, at);
		break;
	case SL_OP_MSS:
		found = op_mss(ctx, facts, at);
		break;
	case SL_OP_SET:
		found = sl_op_set(&facts->key, at, facts->bytes);
		break;
	case SL_OP_IFACE:
		found = op_iface(ruleset, at) ? OP_YES : OP_NO;
		break;
	case SL_OP_SAMPLE:
		found = op_one_in(op->arg) ? OP_YES : OP_NO;
		break;
	case SL_OP_APP_NUMBER:
		found = sl_op_app_number(at);
		break;
	case SL_OP_LIMIT:
		found = sl_op_limit(facts, slot, at) ? OP_YES : OP_NO;
		break;
	case SL_OP_APP_TEXT:
		found = sl_op_text(at);
		break;
	case SL_OP_CONTAINS:
		found = sl_op_contains(at);
		break;
	case SL_OP_FLOW:
		found = sl_op_flow(facts, at);
		break;
	case SL_OP_NAME:
		found = sl_op_name(at);
		break;
	case SL_OP_INNER: /* by now it does: see sl_body_run() */
		return true;
	default:
		return false;
	}
	return found == (op->negate ? OP_NO : OP_YES);
}

static __always_inline void body_acts(SL_CTX *ctx, struct sl_facts *facts, __u32 at, __u32 body,
				      __u32 ruleset)
{
	const struct sl_op __arena *op = SL_AT(struct sl_op, at);

	switch (op->kind) {
	case SL_OP_LOG:
		sl_op_log(ctx, facts, body, at, ruleset);
		break;
#ifdef SL_HAS_SKB
	case SL_OP_MARK:
		sl_skb_mark(ctx, op->arg, SL_AT(struct sl_op_mark, at)->mask);
		break;
	case SL_OP_PRIORITY:
		sl_skb_priority(ctx, op->arg, SL_AT(struct sl_op_mark, at)->mask);
		break;
	case SL_OP_MIRROR:
		sl_body_mirror(ctx, facts, ruleset, op->arg);
		break;
#endif
	case SL_OP_SET_DSCP:
	case SL_OP_SET_TTL:
	case SL_OP_SET_MSS:
	case SL_OP_SET_BYTES:
		sl_op_rewrite(ctx, facts, at, op->kind == SL_OP_SET_MSS ? sl_mss(ctx, facts) : 0);
		break;
	case SL_OP_SET_VLAN:
		sl_op_vlan(ctx, facts, at);
		break;
	case SL_OP_BAN:
		if (sl_op_ban(&facts->key, at))
			sl_undone(facts, SL_REASON_BAN_FULL);
		break;
	}
}

static __always_inline int body_end(const struct sl_body __arena *body, __u32 bytes)
{
	if (body->action == SL_CONTINUE)
		sl_count(sl_rule_counters(sl_cpu()) + body->slot * (__u32)sizeof(struct sl_counter),
			 bytes);
	return body->action;
}

/* All operations of a body, as far as they hold. */
static __always_inline int body_ops(SL_CTX *ctx, struct sl_facts *facts, __u32 at, __u32 ruleset)
{
	const struct sl_body __arena *body = SL_AT(struct sl_body, at);
	__u32 op = at + (__u32)sizeof(struct sl_body);

	if ((body->needs & SL_NEEDS_SKB) && facts->hook == SL_HOOK_XDP)
		return SL_BODY_LEFT;
	for (__u32 i = sl_unknown(0); i < body->nops && sl_can_loop; i++) {
		/* Or addresses that few operations need are made before the loop and kept on the stack. */
		sl_recheck(facts);
		sl_recheck(ruleset);
		if (!sl_op_is_match(SL_AT(struct sl_op, op)->kind))
			body_acts(ctx, facts, op, at, ruleset);
		else if (!body_asks(ctx, facts, op, body->slot, ruleset))
			return SL_CONTINUE;
		op += SL_AT(struct sl_op, op)->size;
	}
	return body_end(body, facts->bytes);
}

/* Most bodies are answered by two masked compares, which are in line. */
static __always_inline bool sl_body_fits(__u32 at, const struct sl_key *key)
{
	const struct sl_body __arena *body = SL_AT(struct sl_body, at);

	return (key->link & body->link_mask) == body->link_value &&
	       (key->xport & body->xport_mask) == body->xport_value;
}

/*
 * Of a body that fits: the verdict of the rule, SL_CONTINUE when it has none or does not match, or
 * SL_BODY_LEFT. A rule without a verdict is counted here; one with a verdict by who asked.
 */
static __always_inline int sl_body_run(SL_CTX *ctx, struct sl_facts *facts, __u32 at, __u32 ruleset)
{
	const struct sl_body __arena *body = SL_AT(struct sl_body, at);

	if (!body->nops)
		return body_end(body, facts->bytes);
	if ((body->needs & SL_NEEDS_INNER) &&
	    !sl_inner_asks(ctx, SL_AT(struct sl_op, at + (__u32)sizeof(struct sl_body))->arg,
			   facts->bytes))
		return SL_CONTINUE;
	return body_ops(ctx, facts, at, ruleset);
}
