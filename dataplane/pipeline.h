/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The way of a packet, behind the entry that made its view and before the exit that carries the
 * verdict out: parse, judge, count. The same for XDP, TC and the host.
 */

#include "../abi/prog.h"
#include "app.h"
#include "count.h"
#include "flow.h"
#include "hits.h"
#include "inner.h"
#include "judge.h"
#include "by_name.h"
#include "parse.h"
#include "reject.h"
#include "reply.h"

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
	if (pkt->undone)
		sl_count(stats + (__u32)offsetof(struct sl_hook_stats, reason) + pkt->undone * unit,
			 pkt->bytes);
}

/* Set beside what sl_flow_look() says. */
#define LOOK_DECIDED (1ULL << 34) /* the packet is dropped, and the rules are not asked */

/*
 * What the stages could not look into counts, and decides where it is set to: true when it did. A
 * reason that parsing met comes first.
 */
static __always_inline bool pipeline_blind(const struct sl_pkt *pkt, const struct sl_court *court,
					   __u32 stats, struct sl_decision *decision)
{
	sl_count(stats + (__u32)offsetof(struct sl_hook_stats, reason) +
			 pkt->blind * (__u32)sizeof(struct sl_counter),
		 pkt->bytes);
	return !pkt->reason && judge_drops(court, pkt->blind, decision);
}

/* A flow that has a verdict: its rest takes it, counted where the rule is that said so. */
static __always_inline __u64 pipeline_flow(struct sl_pkt *pkt, const struct sl_court *court,
					   struct sl_decision *decision)
{
	__u64 looked = sl_flow_look(pkt->ctx, sl_facts_of(pkt), court->rules);

	if ((__u8)looked) {
		decision->verdict = (__u8)looked;
		decision->slot = SL_FLOW_SLOT((__u32)looked);
	}
	return looked | FLOW_LOOKED;
}

/*
 * What rules ask for beyond the headers, as far as this rule set has such rules. decision is final
 * when it returns LOOK_DECIDED; what is to be learnt behind the rules: see sl_flow_teaches().
 */
static __always_inline __u64 pipeline_look(struct sl_pkt *pkt, const struct sl_court *court,
					   __u32 cpu, __u32 stats, struct sl_decision *decision)
{
	__u32 needs = SL_AT(struct sl_ruleset, court->rules)->needs;
	__u64 looked = 0;

	if (!needs)
		return 0;
	if (needs & SL_NEEDS_MACS)
		sl_set_macs(pkt);
	if (needs & SL_NEEDS_INNER)
		sl_inner(pkt->ctx, sl_facts_of(pkt));
	if (needs & SL_NEEDS_FLOW)
		looked = pipeline_flow(pkt, court, decision);
	if (decision->verdict != SL_CONTINUE)
		return looked;
	if (needs & SL_NEEDS_APP)
		sl_app_look(pkt, sl_work_offset(cpu, pkt->hook));
	if (needs & SL_NEEDS_SCAN)
		sl_scan_packet(pkt->ctx, sl_facts_of(pkt), court->rules);
	if (needs & SL_NEEDS_NAME)
		sl_name_stage(pkt, court->rules);
	if (pkt->blind && pipeline_blind(pkt, court, stats, decision))
		looked |= LOOK_DECIDED;
	return looked;
}

/* Behind the rules; a table that is full is one more thing that could not be looked into. */
static __always_inline void pipeline_learn(struct sl_pkt *pkt, const struct sl_court *court,
					   struct sl_decision *decision, __u32 cpu, __u32 stats)
{
	if (!sl_flow_learn(sl_facts_of(pkt), court->rules, cpu,
			   decision->verdict << 8 | decision->arg, decision->slot))
		return;
	sl_count(stats + (__u32)offsetof(struct sl_hook_stats, reason) +
			 SL_REASON_FLOW_TABLE * (__u32)sizeof(struct sl_counter),
		 pkt->bytes);
	if (!pkt->blind)
		pkt->blind = SL_REASON_FLOW_TABLE;
	if (!pkt->reason)
		judge_drops(court, SL_REASON_FLOW_TABLE, decision);
}

/* Where the packet is to go is there now; else the reason. */
static __always_inline enum sl_reason pipeline_redirect(const struct sl_court *court,
							struct sl_decision *decision)
{
	__u32 at = SL_AT(struct sl_ruleset, court->rules)->ports +
		   decision->arg * (__u32)sizeof(struct sl_rule_port);

	decision->arg = SL_AT(struct sl_rule_port, at)->ifindex;
	return decision->arg ? SL_REASON_NONE : SL_REASON_REDIRECT_PORT;
}

/* A verdict that takes more than letting go: it is carried out, or a reason decides. */
static __always_inline void pipeline_act(struct sl_pkt *pkt, const struct sl_court *court,
					 struct sl_decision *decision, const bool moves)
{
	enum sl_reason reason;

	if (decision->verdict != SL_REJECT)
		reason = pipeline_redirect(court, decision);
	else if (sl_is_reply(decision->arg))
		reason = sl_reply_make(pkt->ctx, sl_facts_of(pkt), decision->arg);
	else
		reason = SL_REASON_NONE;
	if (!reason && decision->verdict == SL_REJECT)
		reason = sl_reject(pkt, decision->arg, moves);
	if (!reason)
		return;
	sl_undone(sl_facts_of(pkt), reason);
	decision->verdict = SL_AT(struct sl_ruleset, court->rules)->drop_reasons >> reason & 1
				    ? SL_DROP
				    : SL_ACCEPT;
}

static __always_inline void pipeline_trace_flow(struct sl_trace __arena *trace, bool looked)
{
	const struct sl_scratch *scratch = sl_scratch();

	if (!scratch)
		return;
	trace->flow = looked ? scratch->found.flow : 0;
	trace->flow_state = looked ? scratch->found.flow_state : SL_FLOW_NONE;
	trace->flow_to = looked ? scratch->found.flow_to : 0;
}

/* What is in scratch memory is of this packet only when the stage ran for it. */
static __always_inline __u32 pipeline_app(__u32 ruleset, __u64 looked)
{
	struct sl_scratch *scratch = sl_scratch();

	if (!ruleset || (__u8)looked || !scratch ||
	    !(SL_AT(struct sl_ruleset, ruleset)->needs & SL_NEEDS_APP))
		return 0;
	return scratch->found.app;
}

static __always_inline void pipeline_trace(const struct sl_pkt *pkt, __u32 ruleset,
					   const struct sl_decision *decision, __u64 looked)
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
	trace->key.from = decision->from;
	trace->verdict = decision->verdict;
	trace->reason = pkt->reason ? pkt->reason : pkt->undone;
	trace->slot = decision->slot;
	trace->length = pkt->length;
	trace->network = pkt->network;
	trace->transport = pkt->transport;
	trace->payload = pkt->payload;
	trace->payload_length = pkt->payload ? pkt->end - pkt->payload : 0;
	pipeline_trace_flow(trace, looked & FLOW_LOOKED);
	trace->app = pipeline_app(ruleset, looked);
	trace->blind = pkt->blind;
}

static __always_inline void sl_pipeline(struct sl_pkt *pkt, enum sl_dir dir, __u32 cpu,
					const volatile struct sl_prog_config *config,
					const bool moves, struct sl_decision *decision)
{
	const struct sl_root __arena *root = SL_AT(struct sl_root, SL_ARENA_ROOT);
	__u32 stats = config->stats + cpu * SL_PAGE_SIZE;
	/* Read once: what this packet meets is one rule set, whole. */
	__u32 ruleset = *(const volatile __u32 __arena *)&root->ruleset;
	const struct sl_court court = {
		.rules = ruleset,
		.slot = config->slot,
		.counters = sl_rule_counter_offset(0, config->rule_shift, cpu),
		.chain = sl_chain_offset(ruleset, dir),
	};
	__u64 looked = 0;

	if (ruleset && !pkt->reason)
		sl_parse(sl_bytes_of(pkt), sl_facts_of(pkt));
	if (ruleset) {
		*decision = (struct sl_decision) { .verdict = SL_CONTINUE };
		looked = pipeline_look(pkt, &court, cpu, stats, decision);
		if (!(looked & LOOK_DECIDED))
			sl_judge(pkt, &court, decision);
	} else {
		judge_nothing(pkt, decision);
	}
	if (decision->verdict > SL_SEEN)
		pipeline_act(pkt, &court, decision, moves);
#ifdef SL_HAS_SKB
	if ((pkt->tagging.pops | pkt->tagging.pushes) &&
	    (decision->verdict == SL_ACCEPT || decision->verdict == SL_REDIRECT) &&
	    sl_skb_tags(pkt->ctx, sl_facts_of(pkt)))
		sl_undone(sl_facts_of(pkt), SL_REASON_WRITE_REFUSED);
#endif
	if ((looked & FLOW_LOOKED) && sl_flow_teaches(looked, decision->verdict, decision->arg))
		pipeline_learn(pkt, &court, decision, cpu, stats);
	pipeline_count(pkt, stats, court.counters, decision);
	if (config->trace) {
		pipeline_trace(pkt, ruleset, decision, looked);
		sl_inner_trace();
	}
}
