/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What becomes of a packet. SL_CONTINUE: the next stage, rule or the policy decides. It is final at
 * XDP alone, of a packet that met a rule which needs an skb: TC ingress goes on with that rule.
 */
#define SL_VERDICTS(X)                                                           \
	X(CONTINUE, "continue")                                                  \
	X(ACCEPT, "accept")                                                      \
	X(DROP, "drop")                                                          \
	/* Met at TC, judged and counted by XDP on the same interface before. */ \
	X(SEEN, "seen")                                                          \
	/* Sent back as a refusal, or out of another interface. */               \
	X(REJECT, "reject")                                                      \
	X(REDIRECT, "redirect")

enum sl_verdict {
#define X(name, word) SL_##name,
	SL_VERDICTS(X)
#undef X
	SL_VERDICT_MAX_
};

#define SL_HOOKS(X)                 \
	X(XDP, "xdp")               \
	X(TC_INGRESS, "tc-ingress") \
	X(TC_EGRESS, "tc-egress")

enum sl_hook {
#define X(name, word) SL_HOOK_##name,
	SL_HOOKS(X)
#undef X
	SL_HOOK_MAX_
};

#define SL_DIRS(X)            \
	X(INGRESS, "ingress") \
	X(EGRESS, "egress")

enum sl_dir {
#define X(name, word) SL_DIR_##name,
	SL_DIRS(X)
#undef X
	SL_DIR_MAX_
};
