/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What the parts of a run share: the rules in force, and what was seen of a packet. */

#include "fuzz.h"
#include "kernel.h"
#include "trace.h"

/* What is in force: the model's rules, and where the data path counts them. */
struct loaded {
	struct m_conf conf;
	struct m_conf refused; /* rules that the compiler says no packet can match */
	struct m_needs needs;
	__u32 slot[SL_DIR_MAX_][M_RULES + 1]; /* the policy's behind those of the rules */
	__u32 slots;
	bool too_large;
	bool is_sent; /* by the programs without a trace, which send what goes back */
	bool is_refused; /* what goes back is not taken */
};

extern struct loaded loaded;

/* Says why the case failed; false. */
bool run_failed(struct report *report, int item, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* load.c: the rules of the case, for the model and in both arenas. */
bool load_rules(const struct fuzz_case *fc, struct report *report);

/* counts.c: counters, before and after a packet */
struct counts {
	struct sl_counter rule[2 * M_RULES + 4];
	struct sl_hook_stats hook;
};

void counts_take(struct counts *n, enum way way, bool on_host);
/* Whether they say what became of the packet; else what says what does not. */
bool counts_are(const struct counts *before, const struct counts *after, enum sl_dir dir,
		const struct m_result *r, __u64 bytes, char *what, size_t room);

/* sent.c: whether what else was sent is what should be. */
bool sent_on_host(const struct item *item, const struct m_facts *f,
		  const struct m_answer answers[M_TOLD]);
bool sent_by_kernel(const struct item *item, enum way way, const struct m_facts *f,
		    const struct m_answer answers[M_TOLD]);
/* Of a packet that is not followed. */
void sent_forget(void);
/* Whether the kernel can send the copies of such a packet. */
bool sent_can_be(const struct item *item);
