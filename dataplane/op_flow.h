/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What rules ask of the flow that the packet belongs to: see flow.h, which found it. */

#include "../abi/flow.h"
#include "../abi/op.h"
#include "env.h"
#include "flow_table.h"
#include "op_match.h"

#define OP_FLOW_SECOND 1000000000ULL

static __always_inline __u64 op_flow_packets(__u32 at)
{
	const struct sl_flow __arena *flow = SL_AT(struct sl_flow, at);
	const struct sl_flow_more __arena *more = flow_more(at);

	return flow_sum(flow, &flow->count[0].packets, &more->high[0].packets) +
	       flow_sum(flow, &flow->count[1].packets, &more->high[1].packets);
}

static __always_inline __u64 op_flow_bytes(__u32 at)
{
	const struct sl_flow __arena *flow = SL_AT(struct sl_flow, at);
	const struct sl_flow_more __arena *more = flow_more(at);

	return flow_sum(flow, &flow->count[0].bytes, &more->high[0].bytes) +
	       flow_sum(flow, &flow->count[1].bytes, &more->high[1].bytes);
}

/* A flow that has no entry yet begins with this packet. */
static __always_inline __u64 op_flow_amount(const struct sl_facts *facts,
					    const struct sl_found *found, __u32 of)
{
	__s64 age;

	switch (of) {
	case SL_NUMBER_FLOW_STATE:
		return found->flow_state;
	case SL_NUMBER_FLOW_TO:
		return found->flow_to;
	case SL_NUMBER_FLOW_AGE:
		/* Another CPU's clock may be ahead. */
		age = found->flow ? (__s64)(found->flow_now - flow_more(found->flow)->since) : 0;
		return age > 0 ? (__u64)age / OP_FLOW_SECOND : 0;
	case SL_NUMBER_FLOW_PACKETS:
		return found->flow ? op_flow_packets(found->flow) : 1;
	default:
		return found->flow ? op_flow_bytes(found->flow) : facts->bytes;
	}
}

SL_VERIFIED_ONCE int sl_op_flow(const struct sl_facts *facts, __u32 at)
{
	const struct sl_op_amounts __arena *op = SL_AT(struct sl_op_amounts, at);
	const struct sl_scratch *scratch = sl_scratch();
	__u64 amount;

	if (!facts || !scratch || scratch->found.flow_state == SL_FLOW_NONE)
		return OP_LACKS;
	amount = op_flow_amount(facts, &scratch->found, op->op.arg);
	for (__u32 i = sl_unknown(0); i < op->count && sl_can_loop; i++) {
		if (amount >= op->amount[i].low && amount <= op->amount[i].high)
			return OP_YES;
	}
	return OP_NO;
}
