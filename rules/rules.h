/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * librules: from the text of a configuration to tables that the data path walks.
 *
 *   text --parse--> struct sl_conf --check--> struct sl_conf --lower--> block for the arena
 *
 * Nothing here prints, opens a socket or knows of BPF: what is wrong with the text goes into a
 * struct sl_diag and the caller shows it. Functions return 0 or a negative errno; -EINVAL means
 * that diag holds at least one error. Results are untouched on failure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <linux/types.h>

#include "reason.h"
#include "rule.h"
#include "verdict.h"

/* diag.c: what is wrong with a text, file by file, by line and column */

enum sl_severity {
	SL_ERROR,
	SL_WARNING
};

struct sl_diag_entry {
	enum sl_severity severity;
	char *file; /* NULL: about no place in a file, line and column are 0 */
	unsigned int order; /* of the file among those read, from 1; 0: no file */
	unsigned int line; /* from 1 */
	unsigned int column; /* from 1, in bytes; a tab is one */
	unsigned int width; /* bytes the caret line underlines, at least 1 and within text */
	char *message; /* lower case, no full stop */
	char *text; /* the line, or the part of a long one around the place; NULL when there is none
		     */
	unsigned int caret; /* from 1, in bytes: where in text the place is */
};

struct sl_diag {
	struct sl_diag_entry *entries;
	size_t count;
	size_t errors; /* entries that are errors, also those not kept */
	size_t max; /* entries kept; 0: SL_DIAG_MAX */
};

#define SL_DIAG_MAX 100

void sl_diag_clear(struct sl_diag *diag);
/* `FILE:LINE:COLUMN: error: MESSAGE`, the line, a caret under the place. */
void sl_diag_print(const struct sl_diag *diag, FILE *to);

/* conf.c: a configuration, parsed and checked */

enum sl_xdp_mode {
	SL_XDP_OFF,
	SL_XDP_AUTO,
	SL_XDP_NATIVE,
	SL_XDP_GENERIC,
	SL_XDP_MODE_MAX_
};
extern const char *const sl_xdp_mode_names[SL_XDP_MODE_MAX_]; /* "off", "auto", ... */

struct sl_conf_iface {
	char *pattern; /* a name, or a glob as in fnmatch(3) */
	bool is_glob;
	enum sl_xdp_mode xdp;
	int priority; /* in libxdp's dispatcher, lower runs first; SL_XDP_PRIORITY unless given */
	bool tc[SL_DIR_MAX_]; /* [enum sl_dir] */
};

#define SL_XDP_PRIORITY 50

struct sl_conf_match; /* conditions of a rule: private to rules/ */

struct sl_conf_rule {
	char *name; /* unique in its chain; unnamed rules are called "ingress#3": chain and place */
	char *text; /* canonical text without the name: what `sluicectl rules` shows */
	enum sl_dir dir;
	bool is_policy; /* the chain's policy, counted like a rule; named "policy" */
	enum sl_verdict action; /* SL_CONTINUE: count and go on */
	__u32 slot; /* counter; set by the caller before sl_conf_lower, see sl_conf_number */
	struct sl_conf_match *match;
};

struct sl_conf {
	struct sl_conf_iface *ifaces; /* in file order; the first that matches a name counts */
	size_t nifaces;
	struct sl_conf_rule *rules; /* ingress rules, ingress policy, egress rules, egress policy */
	size_t nrules;
	__u64 drop_reasons; /* bit r: `on` says drop for enum sl_reason r */
};

/*
 * Reads path and what it includes. Errors of the file system are in diag, too: at the include
 * statement, or about no place when path itself cannot be read. On success diag may hold warnings.
 */
int sl_conf_load(struct sl_conf **out, const char *path, struct sl_diag *diag);
/* The same for a text; name stands for the file in messages, include is relative to dir. */
int sl_conf_parse(struct sl_conf **out, const char *name, const char *dir, const char *text,
		  struct sl_diag *diag);
void sl_conf_freep(struct sl_conf **conf);

/* The first interface clause that matches, or NULL. */
const struct sl_conf_iface *sl_conf_iface_find(const struct sl_conf *conf, const char *name);

/* print.c: the whole as text that sl_conf_parse reads back equal; *out is malloc'ed. */
int sl_conf_print(const struct sl_conf *conf, char **out);

/* lower.c */

/* Numbers all rules from 1 in order: for callers that keep no counters over reloads. */
void sl_conf_number(struct sl_conf *conf);

/*
 * The block for the arena at offset base (a multiple of 64), starting with struct sl_ruleset;
 * malloc'ed, 64-byte aligned size. -E2BIG with a diag entry, about no place, when it would exceed
 * max bytes or when a rule takes more than 65,536 records. The same conf gives the same block;
 * loaded_at is 0 and the caller's to set.
 */
int sl_conf_lower(const struct sl_conf *conf, __u32 base, __u32 max, __u64 generation, void **out,
		  size_t *size, struct sl_diag *diag);
