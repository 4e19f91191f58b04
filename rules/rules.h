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

#include "app.h"
#include "loc.h"
#include "reason.h"
#include "rule.h"
#include "set.h"
#include "stmt.h"
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
struct sl_cond_set;

struct sl_conf_rule {
	char *name; /* unique in its chain; unnamed rules are called "ingress#3": chain and place */
	char *text; /* canonical text without the name: what `sluicectl rules` shows */
	enum sl_dir dir;
	bool is_policy; /* the chain's policy, counted like a rule; named "policy" */
	enum sl_verdict action; /* SL_CONTINUE: count and go on */
	__u32 arg; /* SL_REJECT: enum sl_reject. SL_REDIRECT: index in sl_conf.ports */
	__u8 reply[16]; /* SL_REJECT_A, SL_REJECT_AAAA: the address, of IPv4 the first four */
	__u32 slot; /* counter; set by the caller before sl_conf_lower, see sl_conf_number */
	struct sl_conf_match *match; /* policies: NULL */
	struct sl_conf_stmt *stmts;
	size_t nstmts;
	/* Fields of match (a bit each) that are too many for records, and the sets they are asked in. */
	__u32 aside_fields;
	struct sl_cond_set *asides;
	size_t nasides;
	struct sl_loc loc; /* of a policy that is not written: none */
};

/* A name for values. They are in the rules; this is left for sl_conf_lint(). */
struct sl_conf_define {
	char *name;
	bool used;
	struct sl_loc loc;
};

/* Bytes that rules look for in the payload. */
struct sl_conf_needle {
	char *text; /* as a rule writes it, in quotes */
	unsigned char *bytes;
	__u16 length;
	bool nocase;
	__u32 first; /* of the payload: where it may begin */
	__u32 last;
};

/* The flow table. What is 0 has its default: SL_FLOW_SIZE, SL_STREAMS, SL_FLOW_CLASSES. */
struct sl_conf_flows {
	__u32 size; /* a power of two */
	__u32 streams; /* likewise */
	__u32 timeout_s[SL_FLOW_CLASS_MAX_];
};

struct sl_conf {
	struct sl_conf_iface *ifaces; /* in file order; the first that matches a name counts */
	size_t nifaces;
	struct sl_conf_rule *rules; /* ingress rules, ingress policy, egress rules, egress policy */
	size_t nrules;
	__u64 drop_reasons; /* bit r: `on` says drop for enum sl_reason r */
	struct sl_conf_set *sets; /* in file order; behind them those written in rules */
	size_t nsets;
	char **ports; /* interfaces that rules redirect or mirror to, each once */
	size_t nports;
	char **patterns; /* interfaces that rules ask for, each once: see sl_pattern_matches() */
	size_t npatterns;
	struct sl_conf_needle *needles; /* each once */
	size_t nneedles;
	const struct sl_name_key *name_key; /* of the arena; the caller's, before sl_conf_lower() */
	struct sl_conf_flows flows;
	char *geoip; /* path of the country database; NULL: none */
	struct sl_conf_define *defines;
	size_t ndefines;
	struct sl_source *sources; /* the texts, which places are in */
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

/* A pattern of a rule: names and globs as in fnmatch(3), with blanks between them; one must match. */
bool sl_pattern_matches(const char *pattern, const char *name);

/*
 * needs.c: whether it resets a connection at both ends, as rules do that reject what is said in one.
 */
bool sl_conf_rule_resets(const struct sl_conf_rule *rule);
/* SL_NEEDS_ bits; *why is the word that asks for the first of them, untouched when 0. */
unsigned int sl_conf_rule_needs(const struct sl_conf_rule *rule, const char **why);

/*
 * lint.c: adds what is allowed and yet hardly meant, as warnings with their places: rules that
 * earlier ones leave nothing for, equal matches with other verdicts, sets and definitions that no
 * rule uses. 0 or -ENOMEM.
 */
int sl_conf_lint(const struct sl_conf *conf, struct sl_diag *diag);

/* diff.c: what is other in a new configuration, in its own terms */

enum sl_change_kind {
	SL_ADDED,
	SL_REMOVED,
	SL_CHANGED, /* the text is another one */
	SL_MOVED, /* the text is the same, the order among rules is not */
	SL_CHANGE_MAX_
};
extern const char *const sl_change_names[SL_CHANGE_MAX_]; /* "added", ... */

struct sl_conf_change {
	enum sl_change_kind kind;
	const char *what; /* "rule", "policy", "set", "interface", "reason", "flows" or "geoip" */
	const char *chain; /* of rules and policies, else NULL */
	const char *name; /* NULL for policies, flows and geoip */
	const char *before; /* its text, that of a set or interface of several lines; NULL: added */
	const char *after; /* NULL: removed */
	unsigned int from; /* its place among its like, from 1; 0: not there, or it has none */
	unsigned int to;
};

/* A value that is not 0 ends the comparison and is what sl_conf_diff() returns. */
typedef int sl_change_fn(void *arg, const struct sl_conf_change *change);

/*
 * Rules are told apart by their names, unnamed ones by their texts. A rule that is changed and
 * moved is only called changed.
 */
int sl_conf_diff(const struct sl_conf *old, const struct sl_conf *new, sl_change_fn *call,
		 void *arg);
/* One change as lines that begin with '-' (before), '+' (after) or '~' (moved). */
void sl_conf_change_print(const struct sl_conf_change *change, FILE *to);

/* print.c: the whole as text that sl_conf_parse reads back equal; *out is malloc'ed. */
int sl_conf_print(const struct sl_conf *conf, char **out);

/*
 * set_content.c: reads what the sets hold, from their files and from the country database; what was
 * read stays. Before lowering, by who wants the contents: a configuration can be looked at without.
 */
int sl_sets_read(struct sl_conf *conf, struct sl_diag *diag);

/* lower.c */

/* Numbers all rules from 1 in order: for callers that keep no counters over reloads. */
void sl_conf_number(struct sl_conf *conf);

/*
 * The block for the arena at offset base (a multiple of 64), starting with struct sl_ruleset;
 * malloc'ed, 64-byte aligned size. -E2BIG with a diag entry: about no place when it would exceed max
 * bytes, about the rule when a condition has more ranges than an operation holds. The same conf gives
 * the same block; loaded_at is 0 and the caller's to set.
 */
int sl_conf_lower(const struct sl_conf *conf, __u32 base, __u32 max, __u64 generation, void **out,
		  size_t *size, struct sl_diag *diag);
