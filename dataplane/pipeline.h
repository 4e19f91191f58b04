/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The way of a packet, behind the entry that made its view and before the exit that carries the
 * verdict out: parse, judge, count. The same for XDP, TC and the host.
 */

#include "../abi/prog.h"
#include "count.h"
#include "judge.h"
#include "parse.h"

static __always_inline void pipeline_count(const struct sl_pkt *pkt, __u32 stats, __u32 rules,
					   const struct sl_decision *decision)
{
	const __u32 unit = sizeof(struct sl_counter);

	sl_count(stats + decision->verdict * unit, pkt->bytes);
	if (decision->slot)
		sl_count(rules + decision->slot * unit, pkt->bytes);
	if (pkt->reason)
		sl_count(stats + (__u32)offsetof(struct sl_hook_stats, reason) + pkt->reason * unit,
			 pkt->bytes);
}

static __always_inline void pipeline_trace(const struct sl_pkt *pkt,
					   const struct sl_decision *decision)
{
	struct sl_trace __arena *trace = SL_AT(struct sl_trace, SL_ARENA_TRACE);

	trace->key.link = pkt->key.link;
	trace->key.xport = pkt->key.xport;
	trace->key.addr[0] = pkt->key.addr[0];
	for (int i = 1; i < 4; i++)
		trace->key.addr[i] = pkt->key.l3 == SL_L3_IP6 ? pkt->key.addr[i] : 0;
	trace->key.sport = pkt->key.sport;
	trace->key.dport = pkt->key.dport;
	trace->key.l3 = pkt->key.l3;
	trace->key.l4 = pkt->key.l4;
	trace->key.from = pkt->key.from;
	trace->verdict = decision->verdict;
	trace->reason = pkt->reason;
	trace->slot = decision->slot;
	trace->length = pkt->length;
	trace->network = pkt->network;
	trace->transport = pkt->transport;
	trace->payload = pkt->payload;
	trace->payload_length = pkt->payload ? pkt->end - pkt->payload : 0;
}

static __always_inline enum sl_verdict sl_pipeline(struct sl_pkt *pkt, enum sl_dir dir, __u32 cpu,
						   const volatile struct sl_prog_config *config)
{
	const struct sl_root __arena *root = SL_AT(struct sl_root, SL_ARENA_ROOT);
	__u32 rules = sl_rule_counter_offset(0, config->rule_shift, cpu);
	__u32 stats = sl_if_stats_offset(config->slot, config->ncpus, cpu) +
		      pkt->hook * (__u32)sizeof(struct sl_hook_stats);
	/* Read once: what this packet meets is one rule set, whole. */
	__u32 ruleset = *(const volatile __u32 __arena *)&root->ruleset;
	struct sl_decision decision = { SL_ACCEPT, SL_NO_SLOT };

	if (ruleset && !pkt->reason)
		sl_parse(pkt);
	if (ruleset)
		sl_judge(pkt, ruleset, dir, config->slot, rules, &decision);
	else
		pkt->reason = SL_REASON_NO_RULES;
	pipeline_count(pkt, stats, rules, &decision);
	if (config->trace)
		pipeline_trace(pkt, &decision);
	return decision.verdict;
}
