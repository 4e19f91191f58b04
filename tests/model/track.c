// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <stdlib.h>
#include <string.h>

#include "model.h"

static bool is_same(const struct m_flow *a, const struct m_flow *b)
{
	return a->saddr == b->saddr && a->daddr == b->daddr && a->family == b->family &&
	       a->id == b->id && a->proto == b->proto && a->vlan == b->vlan && a->cvlan == b->cvlan;
}

static void forget(struct m_state *state, struct m_flow *flow)
{
	*flow = state->flow[--state->count];
}

static struct m_flow *find(struct m_state *state, const struct m_facts *f)
{
	struct m_flow wanted = {
		.saddr = f->value[M_SADDR],
		.daddr = f->value[M_DADDR],
		.family = f->family,
		.id = f->id,
		/* RFC 791 and RFC 8200, 4.5 */
		.proto = f->family == 4 ? (__u32)f->value[M_PROTO] : 0,
		.vlan = (__u32)f->value[M_VLAN],
		.cvlan = (__u32)f->value[M_CVLAN],
		.since = state->now,
	};

	for (int i = 0; i < state->count; i++) {
		if (!is_same(&state->flow[i], &wanted))
			continue;
		if (state->now - state->flow[i].since < M_FLOW_NS)
			return &state->flow[i];
		forget(state, &state->flow[i]);
		break;
	}
	if (state->count == M_FLOWS)
		abort();
	state->flow[state->count] = wanted;
	return &state->flow[state->count++];
}

static bool seen_from(const struct m_flow *flow, __u32 unit)
{
	while (unit < 8192) {
		if (flow->unit[unit++])
			return true;
	}
	return false;
}

struct m_flow *m_track(struct m_state *state, const struct m_facts *f, enum sl_reason *reason)
{
	struct m_flow *flow = find(state, f);
	__u32 from = f->offset / 8, to = (f->offset + f->size + 7) / 8, known = 0;

	for (__u32 i = from; i < to; i++)
		known += flow->unit[i];
	if (flow->poisoned ||
	    (flow->last_seen && (to > flow->total || (!f->more && to != flow->total)))) {
		*reason = SL_REASON_FRAG_OVERLAP;
		flow->poisoned = true;
	} else if (known == to - from) {
		*reason = SL_REASON_FRAG_DUPLICATE;
	} else if (known || (!f->more && seen_from(flow, to))) {
		*reason = SL_REASON_FRAG_OVERLAP;
		flow->poisoned = true;
	} else {
		for (__u32 i = from; i < to; i++)
			flow->unit[i] = true;
		if (!f->more) {
			flow->last_seen = true;
			flow->total = to;
		}
		if (f->offset && !flow->first_seen)
			*reason = SL_REASON_FRAG_ORPHAN;
	}
	return flow;
}

void m_track_done(struct m_state *state, struct m_flow *flow)
{
	if (!flow->first_seen || !flow->last_seen || flow->poisoned)
		return;
	for (__u32 i = 0; i < flow->total; i++) {
		if (!flow->unit[i])
			return;
	}
	forget(state, flow);
}
