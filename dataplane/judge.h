/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* From what parsing found to a verdict. */

#include "classify.h"
#include "track.h"

static __always_inline void judge_by_rules(struct sl_pkt *pkt, const struct sl_court *court,
					   struct sl_decision *decision)
{
	const struct sl_chain __arena *chain = SL_AT(struct sl_chain, court->chain);

	if (sl_classify(pkt, court, decision))
		return;
	if (pkt->reason) {
		decision->verdict = SL_ACCEPT;
		return;
	}
	decision->verdict = chain->policy;
	decision->slot = chain->policy_slot;
}

/* Of a packet that was given up on, what parsing found is as good as of any other. */
static __always_inline bool judge_trusts(const struct sl_pkt *pkt)
{
	return !pkt->reason || pkt->reason == SL_REASON_PATTERN_BUDGET;
}

/*
 * What a first fragment got is what the later ones will get, but for an answer. The piece is as
 * judge_piece() filled it: by the tags that came, not by those that rules have set since.
 */
static __always_inline void judge_leave(const struct sl_decision *decision)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_piece *piece;

	if (!scratch)
		return;
	piece = &scratch->piece;
	piece->verdict = decision->verdict == SL_REJECT ? SL_DROP : decision->verdict;
	piece->slot = decision->slot;
	piece->arg = decision->from ? decision->from : decision->arg;
	sl_track_verdict(piece);
}

static __always_inline void judge_piece(struct sl_pkt *pkt, struct sl_decision *decision)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_piece *piece;

	if (!scratch)
		return;
	piece = &scratch->piece;
	piece_fill(piece, pkt, sl_iface_slot());
	sl_track(piece);
	if (piece->reason)
		pkt->reason = piece->reason;
	if (pkt->frag != SL_FRAG_LATER)
		return;
	decision->verdict = piece->verdict;
	decision->slot = piece->slot;
	if (piece->verdict == SL_CONTINUE)
		decision->from = piece->arg;
	else
		decision->arg = piece->arg;
}

static __always_inline bool judge_drops(const struct sl_court *court, __u8 reason,
					struct sl_decision *decision)
{
	if (!(SL_AT(struct sl_ruleset, court->rules)->drop_reasons >> reason & 1))
		return false;
	decision->verdict = SL_DROP;
	decision->slot = SL_NO_SLOT;
	/* What a rule said of the rest of the flow went with its verdict. */
	decision->arg = 0;
	decision->from = 0;
	return true;
}

/* There are no rules yet. */
static __always_inline void judge_nothing(struct sl_pkt *pkt, struct sl_decision *decision)
{
	pkt->reason = SL_REASON_NO_RULES;
	*decision = (struct sl_decision) { .verdict = SL_ACCEPT };
}

/* Before the rules are asked; true when they are not to be. */
static __always_inline bool judge_first(struct sl_pkt *pkt, const struct sl_court *court,
					struct sl_decision *decision)
{
	if (pkt->frag && judge_trusts(pkt))
		judge_piece(pkt, decision);
	if (pkt->reason && judge_drops(court, pkt->reason, decision))
		return true;
	return pkt->frag == SL_FRAG_LATER && (decision->verdict != SL_CONTINUE || decision->from);
}

/* Behind the rules. */
static __always_inline void judge_last(const struct sl_pkt *pkt, const struct sl_court *court,
				       struct sl_decision *decision)
{
	if (pkt->undone)
		judge_drops(court, pkt->undone, decision);
	if (pkt->frag == SL_FRAG_FIRST && judge_trusts(pkt))
		judge_leave(decision);
}

/*
 * A reason that is set to drop decides first: the fields that the rules would read are not to be
 * trusted. A later fragment takes the verdict of its first one. Then the verdict of the flow, which
 * is in decision already, then the rules, then the policy; a packet with a reason that is set to
 * accept is never left to the policy. Last, what a rule says and could not be done.
 */
static __always_inline void sl_judge(struct sl_pkt *pkt, const struct sl_court *court,
				     struct sl_decision *decision)
{
	if (!sl_pkt_is_plain(pkt) && judge_first(pkt, court, decision))
		return;
	if (decision->verdict == SL_CONTINUE)
		judge_by_rules(pkt, court, decision);
	if (!sl_pkt_is_plain(pkt))
		judge_last(pkt, court, decision);
}
