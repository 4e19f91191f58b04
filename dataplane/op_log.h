/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Events: what a rule found and the first bytes of the packet, for user space. */

#include "op_limit.h"
#include "op_match.h"

/* False: not this one. What the rule's bucket holds back is told with the next event. */
static __always_inline bool log_due(struct sl_state __arena *state,
				    const struct sl_op_log __arena *op)
{
	struct sl_bucket bucket;

	if (op->sample > 1 && !op_one_in(op->sample))
		return false;
	if (!op->cost_ns_q8)
		return true;
	bucket = sl_bucket_of(op->cost_ns_q8, op->burst_ns, 1);
	if (sl_bucket_take(&state->log, &bucket))
		return true;
	__sync_fetch_and_add(&state->held, 1);
	return false;
}

static __always_inline void log_facts(struct sl_event *event, const struct sl_facts *facts)
{
	event->key = facts->key;
	if (facts->key.l3 != SL_L3_IP6)
		event->key.addr[1] = event->key.addr[2] = event->key.addr[3] = 0;
	event->iface = sl_iface_slot();
	event->length = facts->bytes;
	event->network = facts->network;
	event->transport = facts->transport;
	event->payload = facts->payload;
	event->hook = facts->hook;
	event->reason = facts->reason;
}

/* The name in the packet's message; without one, the name of the flow that it belongs to. */
static __always_inline void log_app(struct sl_event *event, const struct sl_found *found)
{
	const struct sl_app_found __arena *app = SL_AT(struct sl_app_found, found->app);
	const struct sl_flow_app __arena *flow = SL_AT(struct sl_flow_app, found->stream.app);
	__u32 name = 0;

	event->app = app->app;
	if (app->has & SL_APP_HAS_NAME) {
		event->name_length = app->name.length;
		name = found->app + (__u32)(offsetof(struct sl_app_found, name) +
					    offsetof(struct sl_name, text));
		if (event->name_length > SL_FLOW_NAME)
			name += event->name_length - SL_FLOW_NAME;
	} else if (event->key.l4 == SL_L4_TCP && flow->app == event->app) {
		event->name_length = flow->length;
		name = found->stream.app + (__u32)offsetof(struct sl_flow_app, name);
	}
	if (!name)
		return;
	SL_UNROLL for (__u32 i = 0; i < SL_FLOW_NAME; i += 8)
	{
		*(__u64 *)(event->name + i) = *SL_AT(const __u64, name + i);
	}
}

SL_VERIFIED_ONCE int sl_op_log(SL_CTX *ctx, struct sl_facts *facts, __u32 body, __u32 at,
			       __u32 ruleset)
{
	const struct sl_op_log __arena *op = SL_AT(struct sl_op_log, at);
	const struct sl_body __arena *rule = SL_AT(struct sl_body, body);
	struct sl_state __arena *state = SL_AT(
		struct sl_state, SL_ARENA_STATE + rule->slot * (__u32)sizeof(struct sl_state));
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view;
	__u32 snap;

	if (!facts || !scratch || !log_due(state, op))
		return 0;
	snap = op->op.arg < facts->length ? op->op.arg : facts->length;
	sl_recheck(snap);
	if (snap > SL_SNAP_MAX)
		snap = SL_SNAP_MAX;
	if (snap && (sl_view(ctx, &view) || bpf_dynptr_read(scratch->snap, snap, &view, 0, 0)))
		snap = 0;
	log_facts(&scratch->event, facts);
	scratch->event.app = SL_APP_NONE;
	scratch->event.name_length = 0;
	if ((SL_AT(struct sl_ruleset, ruleset)->needs & SL_NEEDS_APP) && scratch->found.app)
		log_app(&scratch->event, &scratch->found);
	scratch->event.time = sl_clock();
	scratch->event.held = state->held ? __sync_lock_test_and_set(&state->held, 0) : 0;
	scratch->event.slot = rule->slot;
	scratch->event.action = rule->action;
	scratch->event.snap = snap;
	sl_recheck(snap);
	if (snap > SL_SNAP_MAX)
		return 0;
	if (!sl_event_emit(&scratch->event, sizeof(scratch->event) + snap))
		sl_undone(facts, SL_REASON_EVENT_LOST);
	return 0;
}
