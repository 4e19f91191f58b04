/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The flow that a packet belongs to. Looked up between parsing and the rules, by rule sets that ask
 * for it; a flow that has a verdict has no need of rules. A packet that is let go and belongs to no
 * flow yet begins one behind the rules, so that what is dropped takes no place in the table.
 */

#include "flow_icmp.h"
#include "flow_table.h"

static __always_inline __u64 sl_coarse_now(void);

/* What sl_flow_look returns above the verdict of the flow, see SL_FLOW_VERDICT. */
#define FLOW_LEARN  (1ULL << 32) /* to be made when the packet is let go */
#define FLOW_LOOKED (1ULL << 33) /* the pipeline's own: it did look */

#define FLOW_PROTO(facts) ((__u8)((facts)->key.xport >> SL_XPORT_PROTO_SHIFT))

static __always_inline __u32 flow_ticks(__u64 now)
{
	return (__u32)(now >> SL_FLOW_TICK_SHIFT);
}

/* A side is counted at one place, wherever else its packets come through. */
static __always_inline bool flow_counts_here(struct sl_flow __arena *flow, __u32 side, __u32 hook,
					     __u32 now)
{
	__u32 here =
		SL_FLOW_POINT(sl_iface_slot(), hook) << SL_FLOW_POINT_SHIFT | SL_FLOW_SEEN(now);
	__u32 at = flow->point[side];

	if (at == here)
		return true;
	if (at >> SL_FLOW_POINT_SHIFT == here >> SL_FLOW_POINT_SHIFT) {
		flow->point[side] = here;
		return true;
	}
	/* What another CPU saw a moment later is not long ago. */
	if (at && ((here - at + 1) & SL_FLOW_SEEN_MASK) <= SL_FLOW_POINT_AGE + 1)
		return false;
	return __sync_val_compare_and_swap(&flow->point[side], at, here) == at;
}

static __always_inline void flow_add(struct sl_flow __arena *flow, __u32 __arena *low,
				     __u32 __arena *high, __u32 amount)
{
	__u32 was = *low, is = was + amount;

	*low = is;
	if (!((was ^ is) >> 31))
		return;
	flow_fence(flow);
	*(volatile __u32 __arena *)high = sl_flow_upper(is, *high);
}

/*
 * Plain additions: what a side sends comes to one CPU of the hook, as hardware and RPS spread flows;
 * where it moves to another, a packet may be missed. No locked operation: each would wait for memory.
 */
static __always_inline void flow_count(__u32 at, __u32 side, __u32 hook, __u32 bytes, __u32 now)
{
	struct sl_flow __arena *flow = SL_AT(struct sl_flow, at);
	struct sl_flow_more __arena *more = SL_AT(struct sl_flow_more, sl_flow_more_offset(at));

	if (!flow_counts_here(flow, side, hook, now))
		return;
	flow_add(flow, &flow->count[side].packets, &more->high[side].packets, 1);
	flow_add(flow, &flow->count[side].bytes, &more->high[side].bytes, bytes);
}

/* The state with this packet. A flow that is dropped stays as it is: no end of it was let through. */
static __always_inline __u32 flow_move(struct sl_flow __arena *flow, const struct sl_found *found,
				       __u8 proto)
{
	bool from_client = found->flow_side == flow->client;
	__u32 state = *(volatile __u32 __arena *)&flow->state, next;

	while (sl_can_loop) {
		next = flow_next(state, proto, found->flow_flags, from_client);
		if (next == state || (__u8)flow->verdict == SL_DROP)
			return state;
		state = __sync_val_compare_and_swap(&flow->state, state, next);
	}
	return state;
}

/*
 * The lower half of the tag is a word of its own where nothing else changes: written to the place of
 * another flow meanwhile, it keeps that alive and does no harm.
 */
static __always_inline void flow_touch(const struct flow_place *place, __u32 class, __u32 now)
{
	if (flow_tag_class(place->tag) != class)
		flow_tag_swap(place, flow_tag_make(place->tag, class, now));
	else if ((__u32)place->tag != now)
		*(volatile __u32 __arena *)&SL_AT(struct sl_flow, place->at)->tag = now;
}

/* A connection on the ports of one that ended: another flow, unless that one is to be dropped. */
static __always_inline bool flow_is_over(const struct sl_flow __arena *flow, __u8 proto, __u8 flags)
{
	return proto == SL_PROTO_TCP && flow_is_syn(flags) &&
	       SL_FLOW_STATE(flow->state) == SL_FLOW_CLOSING && (__u8)flow->verdict != SL_DROP;
}

static __always_inline void flow_isn(SL_CTX *ctx, const struct sl_facts *facts,
				     struct sl_scratch *scratch)
{
	const __u8 *bytes = flow_bytes(ctx, facts, scratch, facts->transport + 4, 4);

	scratch->found.flow_isn = bytes ? sl_get32(bytes) : 0;
}

/* The first packet of a flow that has no entry. */
static __always_inline __u64 flow_first(struct sl_found *found, __u8 proto, bool answers)
{
	bool is_tcp = proto == SL_PROTO_TCP;

	found->flow_state = is_tcp    ? flow_first_tcp(found->flow_flags)
			    : answers ? SL_FLOW_MIDSTREAM
				      : SL_FLOW_NEW;
	found->flow_to = answers || (is_tcp && flow_is_syn_ack(found->flow_flags))
				 ? SL_FLOW_TO_CLIENT
				 : SL_FLOW_TO_SERVER;
	return found->flow_state == SL_FLOW_CLOSING ? 0 : FLOW_LEARN;
}

/*
 * A connection that is there does not begin once more, whatever a SYN says; while it is not, the
 * last SYN counts.
 */
static __always_inline void flow_note_isn(const struct sl_found *found, __u32 state)
{
	struct sl_flow_more __arena *more =
		SL_AT(struct sl_flow_more, sl_flow_more_offset(found->flow));
	__u32 side = found->flow_side & 1;

	if (found->flow_isn && (!more->isn[side] || SL_FLOW_STATE(state) == SL_FLOW_NEW))
		more->isn[side] = found->flow_isn;
}

/* A packet whose key is known. */
static __always_inline __u64 flow_packet(const struct sl_facts *facts, struct sl_found *found,
					 __u32 ruleset, bool answers)
{
	const struct sl_flow_conf __arena *conf = &SL_AT(struct sl_ruleset, ruleset)->flows;
	__u8 proto = FLOW_PROTO(facts);
	struct sl_flow __arena *flow;
	struct flow_place place;
	__u32 now, at;

	found->flow_hash = flow_hash(&found->flow_key);
	flow_seek(&place, found->flow_hash, conf->mask);
	found->flow_now = sl_coarse_now();
	now = flow_ticks(found->flow_now);
	at = flow_find(&place, &found->flow_key, found->flow_hash, &found->flow_serial);
	flow = SL_AT(struct sl_flow, at);
	if (at && (flow_timed_out(conf, place.tag, now) ||
		   flow_is_over(flow, proto, found->flow_flags))) {
		flow_tag_swap(&place, 0);
		at = 0;
	}
	if (!at)
		return flow_first(found, proto, answers);
	found->flow = at;
	flow_count(at, found->flow_side & 1, facts->hook, facts->bytes, now);
	at = flow_move(flow, found, proto);
	found->flow_state = SL_FLOW_STATE(at);
	found->flow_to = found->flow_side == flow->client ? SL_FLOW_TO_SERVER : SL_FLOW_TO_CLIENT;
	flow_note_isn(found, at);
	flow_touch(&place, flow_class(at, proto), now);
	return flow->verdict;
}

/* An error neither counts nor keeps the flow alive: anybody may have sent it. */
static __always_inline __u64 flow_error(struct sl_found *found, __u32 ruleset)
{
	const struct sl_flow_conf __arena *conf = &SL_AT(struct sl_ruleset, ruleset)->flows;
	struct sl_flow __arena *flow;
	struct flow_place place;
	__u32 at;

	found->flow_hash = flow_hash(&found->flow_key);
	flow_seek(&place, found->flow_hash, conf->mask);
	found->flow_now = sl_coarse_now();
	at = flow_find(&place, &found->flow_key, found->flow_hash, &found->flow_serial);
	if (!at || flow_timed_out(conf, place.tag, flow_ticks(found->flow_now)))
		return 0;
	flow = SL_AT(struct sl_flow, at);
	found->flow = at;
	found->flow_state = SL_FLOW_RELATED;
	found->flow_to = found->flow_side == flow->client ? SL_FLOW_TO_SERVER : SL_FLOW_TO_CLIENT;
	return flow->verdict;
}

/* A first packet of ICMP, and the identifier of others; 0: belongs to no flow. */
static __always_inline __u64 flow_icmp(SL_CTX *ctx, struct sl_facts *facts,
				       struct sl_scratch *scratch, __u32 ruleset)
{
	__u8 type = (__u8)facts->key.sport, request;
	bool answers = false;

	if (flow_icmp_is_error(facts->key.l3, type))
		return sl_flow_quoted(ctx, facts) ? flow_error(&scratch->found, ruleset) : 0;
	request = flow_icmp_request(facts->key.l3, type, &answers);
	if (!request || !flow_icmp_key(ctx, facts, scratch, request))
		return 0;
	return flow_packet(facts, &scratch->found, ruleset, answers);
}

/* Ports, if it has some. */
static __always_inline void flow_plain_key(const struct sl_facts *facts, struct sl_found *found)
{
	bool ports = facts->key.l4 != SL_L4_OTHER;

	found->flow_side =
		flow_key_make(&found->flow_key, facts->key.addr, facts->key.l3, FLOW_PROTO(facts),
			      ports ? facts->key.sport : 0, ports ? facts->key.dport : 0, true);
}

static __always_inline bool flow_has_none(const struct sl_facts *facts)
{
	return facts->reason || facts->key.l3 == SL_L3_OTHER || facts->frag == SL_FRAG_LATER;
}

/* What scratch->found says of flows is of this packet from here on. */
SL_VERIFIED_ONCE __u64 sl_flow_look(SL_CTX *ctx, struct sl_facts *facts, __u32 ruleset)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_found *found;

	sl_keep(ctx);
	if (!facts || !scratch)
		return 0;
	found = &scratch->found;
	found->flow = 0;
	found->fresh = 0;
	found->flow_state = SL_FLOW_NONE;
	found->flow_to = SL_FLOW_TO_SERVER;
	if (flow_has_none(facts))
		return 0;
	found->flow_isn = 0;
	found->flow_flags = (__u8)(facts->key.xport >> SL_XPORT_FLAGS_SHIFT);
	if (facts->key.l4 == SL_L4_ICMP)
		return flow_icmp(ctx, facts, scratch, ruleset);
	flow_plain_key(facts, found);
	if (found->flow_flags & FLOW_SYN)
		flow_isn(ctx, facts, scratch);
	return flow_packet(facts, found, ruleset, false);
}

static __always_inline void flow_fill_more(__u32 more, const struct sl_found *found)
{
	struct sl_flow_more __arena *to = SL_AT(struct sl_flow_more, more);

	SL_UNROLL for (__u32 i = offsetof(struct sl_flow_more, high); i < sizeof(*to); i += 8)
	{
		*SL_AT(__u64, more + i) = 0;
	}
	for (int i = 0; i < 3; i++)
		to->addr[i] = found->flow_key.addr[i + 1];
	to->since = found->flow_now;
	to->isn[found->flow_side & 1] = found->flow_isn;
}

/* All but the tag and the serial. */
static __always_inline void flow_fill(__u32 at, const struct sl_facts *facts,
				      const struct sl_found *found)
{
	struct sl_flow __arena *flow = SL_AT(struct sl_flow, at);
	__u32 side = found->flow_side & 1, point = SL_FLOW_POINT(sl_iface_slot(), facts->hook);

	flow->addr = found->flow_key.addr[0];
	flow->rest = found->flow_key.rest;
	flow->state = found->flow_state;
	flow->verdict = 0;
	flow->client = found->flow_to == SL_FLOW_TO_SERVER ? side : !side;
	flow->count[side].packets = 1;
	flow->count[side].bytes = facts->bytes;
	flow->count[!side].packets = 0;
	flow->count[!side].bytes = 0;
	flow->point[side] =
		point << SL_FLOW_POINT_SHIFT | SL_FLOW_SEEN(flow_ticks(found->flow_now));
	flow->point[!side] = 0;
	flow_fill_more(sl_flow_more_offset(at), found);
	for (__u32 i = 0; found->fresh && i < sizeof(struct sl_flow_app); i += 8)
		*SL_AT(__u64, sl_flow_app(at) + i) = *SL_AT(const __u64, found->fresh + i);
}

/* Found to be full, the table gives the place of another flow, unless that is set to drop. */
static __always_inline bool flow_evicts(__u32 ruleset)
{
	return !(SL_AT(struct sl_ruleset, ruleset)->drop_reasons >> SL_REASON_FLOW_TABLE & 1);
}

/* Makes the entry, if there is a place for it: found->flow. True: the table was full. */
static __always_inline bool flow_make(const struct sl_facts *facts, struct sl_found *found,
				      __u32 ruleset, __u32 cpu)
{
	const struct sl_flow_conf __arena *conf = &SL_AT(struct sl_ruleset, ruleset)->flows;
	struct sl_flow_stats __arena *stats =
		SL_AT(struct sl_flow_stats, sl_flow_stats_offset(cpu));
	__u32 now = flow_ticks(found->flow_now), class, serial;
	struct sl_flow __arena *flow;
	struct flow_place place;
	bool full;

	flow_seek(&place, found->flow_hash, conf->mask);
	if (!flow_take(&place, conf, &found->flow_key, found->flow_hash, now,
		       flow_evicts(ruleset))) {
		stats->unplaced++;
		return !place.at;
	}
	stats->made++;
	full = place.tag && !flow_timed_out(conf, place.tag, now);
	stats->evicted += full;
	flow = SL_AT(struct sl_flow, place.at);
	/* Both are barriers. */
	serial = __sync_fetch_and_add(&flow->serial, 1);
	flow_fill(place.at, facts, found);
	__sync_val_compare_and_swap(&flow->serial, serial + 1, serial + 2);
	found->flow_serial = serial + 2;
	class = flow_class(found->flow_state, FLOW_PROTO(facts));
	*(volatile __u64 __arena *)&flow->tag = flow_tag_make(found->flow_hash, class, now);
	found->flow = place.at;
	return full;
}

/*
 * Behind the rules: a new flow is made, and what a rule says of the rest of the flow is noted. An
 * error's rule says nothing of the flow that it is about. said: verdict << 8 | its argument. 1: the
 * table was full.
 */
SL_VERIFIED_ONCE int sl_flow_learn(struct sl_facts *facts, __u32 ruleset, __u32 cpu, __u32 said,
				   __u32 slot)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_found *found;
	struct sl_flow __arena *flow;
	bool full = false;

	if (!facts || !scratch)
		return 0;
	found = &scratch->found;
	if (found->flow_state == SL_FLOW_NONE || found->flow_state == SL_FLOW_RELATED)
		return 0;
	if (!found->flow && found->flow_state != SL_FLOW_CLOSING)
		full = flow_make(facts, found, ruleset, cpu);
	if (!found->flow || (__u8)said != SL_FLOW_ALL)
		return full;
	flow = SL_AT(struct sl_flow, found->flow);
	if (flow->serial == found->flow_serial)
		flow->verdict = SL_FLOW_VERDICT(said >> 8, slot);
	return full;
}

/* Whether there is something to learn from what became of the packet. */
static __always_inline bool sl_flow_teaches(__u64 looked, __u32 verdict, __u32 arg)
{
	if (verdict == SL_DROP || verdict == SL_ACCEPT)
		return arg == SL_FLOW_ALL || (verdict == SL_ACCEPT && (looked & FLOW_LEARN));
	return verdict == SL_REDIRECT && (looked & FLOW_LEARN);
}
