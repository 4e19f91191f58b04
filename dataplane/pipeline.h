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

static __always_inline void pipeline_count_reason(const struct sl_pkt *pkt, __u8 reason)
{
	sl_count(sl_hook_counters(sl_cpu()) + (__u32)offsetof(struct sl_hook_stats, reason) +
			 reason * (__u32)sizeof(struct sl_counter),
		 pkt->bytes);
}

static __always_inline void pipeline_count(const struct sl_pkt *pkt,
					   const struct sl_decision *decision)
{
	const __u32 unit = sizeof(struct sl_counter);
	__u32 cpu = sl_cpu();

	sl_count(sl_hook_counters(cpu) + decision->verdict * unit, pkt->bytes);
	if (decision->slot)
		sl_count(sl_rule_counters(cpu) + decision->slot * unit, pkt->bytes);
	if (sl_pkt_is_plain(pkt))
		return;
	if (pkt->reason)
		pipeline_count_reason(pkt, pkt->reason);
	if (pkt->undone)
		pipeline_count_reason(pkt, pkt->undone);
}

/*
 * What the stages could not look into counts, and decides where it is set to: true when it did. A
 * reason that parsing met comes first.
 */
static __always_inline bool pipeline_blind(const struct sl_pkt *pkt, const struct sl_court *court,
					   struct sl_decision *decision)
{
	pipeline_count_reason(pkt, pkt->blind);
	return !pkt->reason && judge_drops(court, pkt->blind, decision);
}

/* A flow that has a verdict: its rest takes it, counted where the rule is that said so. */
static __always_inline void pipeline_flow(struct sl_pkt *pkt, const struct sl_court *court,
					  struct sl_decision *decision)
{
	__u64 said = sl_flow_look(pkt->ctx, sl_facts_of(pkt), court->rules);

	if ((__u8)said) {
		decision->verdict = (__u8)said;
		decision->slot = SL_FLOW_SLOT((__u32)said);
	}
	decision->flow = said | FLOW_LOOKED;
}

/*
 * What rules ask for beyond the headers, as far as this rule set has such rules. True: the packet is
 * dropped, and the rules are not asked.
 */
static __always_inline bool pipeline_look(struct sl_pkt *pkt, const struct sl_court *court,
					  struct sl_decision *decision)
{
	__u32 needs = SL_AT(struct sl_ruleset, court->rules)->needs;

	if (!needs)
		return false;
	if (needs & SL_NEEDS_MACS)
		sl_set_macs(pkt);
	if (needs & SL_NEEDS_INNER)
		sl_inner(pkt->ctx, sl_facts_of(pkt));
	if ((needs & SL_NEEDS_FLOW) || ((needs & SL_NEEDS_STREAM) && pkt->key.l4 == SL_L4_TCP))
		pipeline_flow(pkt, court, decision);
	if (decision->verdict != SL_CONTINUE)
		return false;
	if (needs & SL_NEEDS_APP)
		sl_app_look(pkt, sl_cpu(), court->rules, needs);
	if (needs & SL_NEEDS_SCAN)
		sl_scan_packet(pkt->ctx, sl_facts_of(pkt), court->rules);
	if (needs & SL_NEEDS_NAME)
		sl_name_stage(pkt, court->rules);
	return pkt->blind && pipeline_blind(pkt, court, decision);
}

/* Behind the rules; a table that is full is one more thing that could not be looked into. */
static __always_inline void pipeline_learn(struct sl_pkt *pkt, const struct sl_court *court,
					   struct sl_decision *decision)
{
	/* Where it goes is said of this packet, and is a number of another kind. */
	__u32 arg = decision->verdict == SL_REDIRECT ? 0 : decision->arg;

	if (!sl_flow_learn(sl_facts_of(pkt), court->rules, sl_cpu(), decision->verdict << 8 | arg,
			   decision->slot))
		return;
	pipeline_count_reason(pkt, SL_REASON_FLOW_TABLE);
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
	/* The kind of an answer says nothing of the flow. */
	decision->arg = 0;
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
static __always_inline __u32 pipeline_app(__u32 ruleset, const struct sl_decision *decision)
{
	struct sl_scratch *scratch = sl_scratch();

	if (!ruleset || (__u8)decision->flow || !scratch ||
	    !(SL_AT(struct sl_ruleset, ruleset)->needs & SL_NEEDS_APP))
		return 0;
	return scratch->found.app;
}

static __always_inline void pipeline_trace(const struct sl_pkt *pkt, __u32 ruleset,
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
	trace->key.from = decision->from;
	trace->verdict = decision->verdict;
	trace->reason = pkt->reason ? pkt->reason : pkt->undone;
	trace->slot = decision->slot;
	trace->length = pkt->length;
	trace->network = pkt->network;
	trace->transport = pkt->transport;
	trace->payload = pkt->payload;
	trace->payload_length = pkt->payload ? pkt->end - pkt->payload : 0;
	pipeline_trace_flow(trace, decision->flow);
	trace->app = pipeline_app(ruleset, decision);
	trace->blind = pkt->blind;
}

static __always_inline void sl_pipeline(struct sl_pkt *pkt, enum sl_dir dir, const bool moves,
					struct sl_decision *decision)
{
	const struct sl_root __arena *root = SL_AT(struct sl_root, SL_ARENA_ROOT);
	/* Read once: what this packet meets is one rule set, whole. */
	__u32 ruleset = *(const volatile __u32 __arena *)&root->ruleset;
	const struct sl_court court = {
		.rules = ruleset,
		.chain = sl_chain_offset(ruleset, dir),
	};

	if (ruleset) {
		sl_parse(sl_bytes_of(pkt), sl_facts_of(pkt));
		*decision = (struct sl_decision) { .verdict = SL_CONTINUE };
		if (!pipeline_look(pkt, &court, decision))
			sl_judge(pkt, &court, decision);
	} else {
		judge_nothing(pkt, decision);
	}
	if (decision->verdict > SL_SEEN)
		pipeline_act(pkt, &court, decision, moves);
#ifdef SL_HAS_SKB
	if ((pkt->tagging.pops | pkt->tagging.pushes) &&
	    (decision->verdict == SL_ACCEPT || decision->verdict == SL_REDIRECT) &&
	    sl_skb_tags(pkt->ctx, sl_facts_of(pkt))) {
		sl_undone(sl_facts_of(pkt), SL_REASON_WRITE_REFUSED);
		judge_drops(&court, pkt->undone, decision);
	}
#endif
	if (decision->flow && sl_flow_teaches(decision->flow, decision->verdict, decision->arg))
		pipeline_learn(pkt, &court, decision);
	pipeline_count(pkt, decision);
	if (sl_is_traced()) {
		pipeline_trace(pkt, ruleset, decision);
		sl_inner_trace();
	}
}
