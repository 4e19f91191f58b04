// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <stdlib.h>
#include <string.h>

#include "model.h"

static bool is_same(const struct m_pieces *a, const struct m_pieces *b)
{
	return a->saddr == b->saddr && a->daddr == b->daddr && a->family == b->family &&
	       a->id == b->id && a->proto == b->proto && a->vlan == b->vlan && a->cvlan == b->cvlan;
}

static void forget(struct m_state *state, struct m_pieces *pieces)
{
	*pieces = state->pieces[--state->count];
}

static struct m_pieces *find(struct m_state *state, const struct m_facts *f)
{
	struct m_pieces wanted = {
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
		if (!is_same(&state->pieces[i], &wanted))
			continue;
		if (state->now - state->pieces[i].since < M_PIECES_NS)
			return &state->pieces[i];
		forget(state, &state->pieces[i]);
		break;
	}
	if (state->count == M_PIECES)
		abort();
	state->pieces[state->count] = wanted;
	return &state->pieces[state->count++];
}

static bool seen_from(const struct m_pieces *pieces, __u32 unit)
{
	while (unit < 8192) {
		if (pieces->unit[unit++])
			return true;
	}
	return false;
}

struct m_pieces *m_track(struct m_state *state, const struct m_facts *f, enum sl_reason *reason)
{
	struct m_pieces *pieces = find(state, f);
	__u32 from = f->offset / 8, to = (f->offset + f->size + 7) / 8, known = 0;

	for (__u32 i = from; i < to; i++)
		known += pieces->unit[i];
	if (pieces->poisoned ||
	    (pieces->last_seen && (to > pieces->total || (!f->more && to != pieces->total)))) {
		*reason = SL_REASON_FRAG_OVERLAP;
		pieces->poisoned = true;
	} else if (known == to - from) {
		*reason = SL_REASON_FRAG_DUPLICATE;
	} else if (known || (!f->more && seen_from(pieces, to))) {
		*reason = SL_REASON_FRAG_OVERLAP;
		pieces->poisoned = true;
	} else {
		for (__u32 i = from; i < to; i++)
			pieces->unit[i] = true;
		if (!f->more) {
			pieces->last_seen = true;
			pieces->total = to;
		}
		if (f->offset && !pieces->first_seen)
			*reason = SL_REASON_FRAG_ORPHAN;
	}
	return pieces;
}

void m_track_done(struct m_state *state, struct m_pieces *pieces)
{
	if (!pieces->first_seen || !pieces->last_seen || pieces->poisoned)
		return;
	for (__u32 i = 0; i < pieces->total; i++) {
		if (!pieces->unit[i])
			return;
	}
	forget(state, pieces);
}
