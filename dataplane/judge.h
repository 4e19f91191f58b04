/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* From what parsing found to a verdict. */

#include "classify.h"
#include "track.h"

static __always_inline void judge_by_rules(struct sl_pkt *pkt, const struct sl_chain __arena *chain,
					   __u32 rules, struct sl_decision *decision)
{
	sl_classify(chain, pkt, rules, decision);
	if (decision->verdict != SL_CONTINUE)
		return;
	if (pkt->reason) {
		decision->verdict = SL_ACCEPT;
		return;
	}
	decision->verdict = chain->policy;
	decision->slot = chain->policy_slot;
}

/* What a first fragment got is what the later ones will get. */
static __always_inline void judge_leave(struct sl_pkt *pkt, __u32 slot,
					const struct sl_decision *decision)
{
	struct sl_piece piece;

	piece_fill(&piece, pkt, slot);
	piece.verdict = decision->verdict;
	piece.slot = decision->slot;
	sl_track_verdict(&piece);
}

static __always_inline void judge_piece(struct sl_pkt *pkt, __u32 slot,
					struct sl_decision *decision)
{
	struct sl_piece piece;

	piece_fill(&piece, pkt, slot);
	sl_track(&piece);
	pkt->reason = piece.reason;
	decision->verdict = piece.verdict;
	decision->slot = piece.slot;
}

/*
 * A reason that is set to drop decides first: the fields that the rules would read are not to be
 * trusted. A later fragment takes the verdict of its first one. Then the rules, then the policy;
 * a packet with a reason that is set to accept is never left to the policy.
 */
static __always_inline void sl_judge(struct sl_pkt *pkt, const struct sl_ruleset __arena *ruleset,
				     enum sl_dir dir, __u32 slot, __u32 rules,
				     struct sl_decision *decision)
{
	decision->verdict = SL_CONTINUE;
	decision->slot = SL_NO_SLOT;

	if (ruleset->needs & SL_NEEDS_MACS)
		sl_set_macs(pkt);
	if (pkt->frag && !pkt->reason)
		judge_piece(pkt, slot, decision);
	if (pkt->reason && (ruleset->drop_reasons >> pkt->reason & 1)) {
		decision->verdict = SL_DROP;
		decision->slot = SL_NO_SLOT;
		return;
	}
	if (decision->verdict != SL_CONTINUE)
		return;
	judge_by_rules(pkt, &ruleset->chain[dir], rules, decision);
	if (pkt->frag == SL_FRAG_FIRST && !pkt->reason)
		judge_leave(pkt, slot, decision);
}
