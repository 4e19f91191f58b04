/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the kernel can do for Sluice, found by doing it: a small program for each capability is
 * loaded, and what has to be attached is attached in a network namespace made for this.
 *
 *   probe_load.c    loads the programs of probe.bpf.c, each for itself
 *   probe_kernel.c  tries what takes more than loading
 *   probe_nic.c     looks at one interface
 *   probe_text.c    says it, to people and as JSON
 *   probe.c         the table of capabilities, and what follows from them
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include <jansson.h>

#define SL_WHY 200

enum sl_answer {
	SL_NOT_ASKED,
	SL_YES,
	SL_NO
};

struct sl_finding {
	enum sl_answer answer;
	char why[SL_WHY]; /* of SL_NO, in words */
};

enum sl_need {
	SL_REQUIRED, /* nothing runs without it */
	SL_USED, /* where it is missing, something is done in another way or not at all */
	SL_SPARE, /* not used today */
};

enum sl_side {
	SL_SIDE_XDP,
	SL_SIDE_TC,
	SL_SIDE_MAX_
};

struct sl_probe;

struct sl_capability {
	const char *name;
	enum sl_need need;
	const char *programs[SL_SIDE_MAX_]; /* of probe.bpf.c: answered by loading it */
	void (*test)(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
	const char *used_for;
	const char *without;
};

#define SL_CAPABILITIES_MAX 40

struct sl_nic; /* probe_nic.h */

struct sl_probe {
	struct sl_programs *programs;
	struct sl_finding finding[SL_CAPABILITIES_MAX][SL_SIDE_MAX_];
	/* Found together, in one namespace. */
	struct sl_finding tcx, clsact, generic;
	bool attach_tried;
	struct sl_nic *nic;
};

extern const struct sl_capability sl_capabilities[]; /* ends with a row without name */

/* probe_load.c */

/* -EPERM: not even a program that does nothing may be loaded. */
int sl_programs_load(struct sl_programs **out);
void sl_programs_freep(struct sl_programs **programs);
void sl_programs_ask(const struct sl_programs *programs, const char *name, struct sl_finding *to);
/* Of a program that could be loaded; -1: it could not. */
int sl_programs_fd(const struct sl_programs *programs, const char *name);

/* probe_kernel.c */
void sl_test_btf(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_jit(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_arena_map(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_run(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_ext(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_tcx(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_clsact(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_generic(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);
void sl_test_sluice(struct sl_probe *probe, struct sl_finding finding[SL_SIDE_MAX_]);

/* probe.c */
enum sl_answer sl_capability_answer(const struct sl_probe *probe, size_t row);
bool sl_probe_able(const struct sl_probe *probe);

/* probe_text.c */
json_t *sl_probe_json(const struct sl_probe *probe);
void sl_probe_print(const struct sl_probe *probe);
/* One line for stderr; returns an exit status. */
int sl_probe_verdict(const struct sl_probe *probe);

/* Notes what came of an attempt. err: 0 or a negative errno; why: words for it, or NULL. */
void sl_found(struct sl_finding *finding, int err, const char *why);
