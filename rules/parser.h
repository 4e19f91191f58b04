/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "ast.h"
#include "nametab.h"
#include "pool.h"

#define SL_INCLUDE_DEPTH 16

/* One parse over all its files. */
struct sl_parser {
	struct sl_diag *diag;
	struct sl_pool pool;
	struct sl_source *sources;
	int err; /* -ENOMEM: give up; errors in the text are only in diag */

	struct sl_ast_iface *ifaces, *last_iface;
	struct sl_ast_on *ons, *last_on;
	struct sl_ast_chain chain[SL_DIR_MAX_];
	struct sl_ast_chain stray; /* a misnamed chain: its rules are only parsed */
	struct sl_ast_define *defines, *last_define;
	struct sl_nametab define_names; /* struct sl_ast_define */
	struct sl_ast_set *sets, *last_set;
	struct sl_nametab set_names; /* struct sl_ast_set */
	struct sl_loc flows_loc; /* no source: not given */
	struct sl_conf_flows flows;
	const char *geoip; /* NULL: not given */
	struct sl_loc geoip_loc;

	/* What the parser is in. */
	struct sl_ast_iface *iface_now;
	struct sl_ast_chain *chain_now;
	struct sl_ast_set *set_now;
	struct sl_part *stmt_now;
	struct sl_part *contains_now;
	bool rate_said, burst_said, per_said, snap_said, sample_said; /* of stmt_now */

	/* What check.c makes; the tables hold places in its lists, from 1. */
	struct sl_conf *conf;
	struct sl_nametab port_names;
	struct sl_nametab pattern_names;
	struct sl_nametab needle_names;
	struct sl_nametab country_names;
};

/* Keeps what sl_diag_error() and the like say, unless it is only about the text. */
int sl_parser_note(struct sl_parser *p, int err);

/* parse.y: reads one text; the source is the parser's from here on. 0 or -ENOMEM. */
int sl_parse_source(struct sl_parser *p, struct sl_source *source);

/* include.c: what a name of a file in the text means; NULL: no memory. */
char *sl_include_path(struct sl_parser *p, const char *name, const struct sl_loc *place);
/* place is the file's name where it is included, NULL for the first file. */
int sl_include_file(struct sl_parser *p, const char *path, const struct sl_loc *place);
/* place is a glob in quotes. Both return 0 or -ENOMEM. */
int sl_include(struct sl_parser *p, const struct sl_loc *place);

/* build.c: pieces of the tree. NULL: no memory. */
const char *sl_ast_text(struct sl_parser *p, const struct sl_loc *loc);
struct sl_atom *sl_ast_atom(struct sl_parser *p, enum sl_atom_kind kind, const struct sl_loc *loc);
struct sl_atom *sl_ast_addr(struct sl_parser *p, const struct sl_loc *loc);
struct sl_value *sl_ast_value(struct sl_parser *p, enum sl_value_kind kind,
			      const struct sl_atom *low, const struct sl_atom *high,
			      const struct sl_loc *loc);
struct sl_values *sl_ast_values(struct sl_parser *p, const struct sl_loc *loc);
/* A list of one or two atoms. */
struct sl_values *sl_ast_atoms(struct sl_parser *p, const struct sl_atom *first,
			       const struct sl_atom *second, const struct sl_loc *loc);
void sl_ast_append(struct sl_values *values, struct sl_value *value);
int sl_ast_append_atom(struct sl_parser *p, struct sl_values *values, const struct sl_atom *atom);
/* What is in values as one: a | b | c, or a . b . c. */
struct sl_value *sl_ast_joined(struct sl_parser *p, enum sl_value_kind kind,
			       const struct sl_values *values, const struct sl_loc *loc);
struct sl_part *sl_ast_part(struct sl_parser *p, enum sl_part_kind kind, enum sl_selector selector,
			    const struct sl_loc *head);
struct sl_ast_rule *sl_ast_rule(struct sl_parser *p, struct sl_part *part);

#define SL_WHERE_TEXT 256
/* "in line LINE" or "at FILE:LINE": where first is, for a message about loc. */
const char *sl_ast_where(const struct sl_loc *first, const struct sl_loc *loc,
			 char text[SL_WHERE_TEXT]);

/* build_match.c: parts that are more than a selector and values. NULL: no memory. */
struct sl_part *sl_ast_place(struct sl_parser *p, const struct sl_loc *base,
			     const struct sl_loc *offset, const struct sl_loc *length);
/* One more selector of a concatenation; 0 or -ENOMEM. */
int sl_ast_selector(struct sl_parser *p, struct sl_part *selectors, enum sl_selector selector,
		    const struct sl_loc *loc);
struct sl_part *sl_ast_match(struct sl_parser *p, struct sl_part *selectors,
			     const struct sl_loc *head);
struct sl_part *sl_ast_exthdr(struct sl_parser *p, const struct sl_loc *head,
			      const struct sl_loc *name, const struct sl_loc *state);

/* build_contains.c: a match becomes contains_now, and its options follow. NULL: no memory. */
struct sl_part *sl_ast_contains(struct sl_parser *p, enum sl_compare op, struct sl_values *values,
				const struct sl_loc *head);
void sl_ast_contains_nocase(struct sl_parser *p);
void sl_ast_contains_offset(struct sl_parser *p, const struct sl_loc *number);
void sl_ast_contains_depth(struct sl_parser *p, const struct sl_loc *number);

/* build_verdict.c */
struct sl_part *sl_ast_verdict(struct sl_parser *p, enum sl_verdict verdict,
			       const struct sl_loc *loc);
void sl_ast_reject_tcp(struct sl_parser *p, struct sl_part *part, const struct sl_loc *word);
/* addr: NULL when none is written. */
void sl_ast_reply(struct sl_parser *p, struct sl_part *part, const struct sl_loc *word,
		  const struct sl_loc *addr);
void sl_ast_reject_icmp(struct sl_parser *p, struct sl_part *part, const struct sl_loc *family,
			const struct sl_loc *word);

/* build_stmt.c: a statement becomes stmt_now, and what follows is about it. NULL: no memory. */
struct sl_part *sl_ast_stmt(struct sl_parser *p, enum sl_op_kind kind, const struct sl_loc *head);
struct sl_part *sl_ast_set_field(struct sl_parser *p, enum sl_selector selector,
				 const struct sl_loc *head, struct sl_value *value);
struct sl_part *sl_ast_set_bytes(struct sl_parser *p, struct sl_part *place, struct sl_values *mask,
				 struct sl_value *value);
struct sl_part *sl_ast_push_vlan(struct sl_parser *p, const struct sl_loc *head,
				 const struct sl_loc *id, const struct sl_loc *pcp);
/* The N of `1 in N`; first is "1 in". */
__u32 sl_ast_sample(struct sl_parser *p, const struct sl_loc *first, const struct sl_loc *number);
void sl_ast_mark(struct sl_parser *p, const struct sl_loc *value, const struct sl_loc *mask);
void sl_ast_handle(struct sl_parser *p, const struct sl_loc *handle);

/* build_limit.c: of stmt_now, a limit or a log */
void sl_ast_limit_rate(struct sl_parser *p, const struct sl_loc *number, const struct sl_loc *unit,
		       const struct sl_loc *time);
void sl_ast_limit_burst(struct sl_parser *p, const struct sl_loc *number,
			const struct sl_loc *unit);
void sl_ast_limit_per(struct sl_parser *p, const struct sl_loc *word);
void sl_ast_limit_end(struct sl_parser *p);
void sl_ast_log_rate(struct sl_parser *p, const struct sl_loc *number, const struct sl_loc *time);
void sl_ast_log_burst(struct sl_parser *p, const struct sl_loc *number);
void sl_ast_log_snap(struct sl_parser *p, const struct sl_loc *number);
void sl_ast_log_sample(struct sl_parser *p, const struct sl_loc *first,
		       const struct sl_loc *number);
void sl_ast_log_end(struct sl_parser *p);

/* build_set.c: a set, and then its settings for set_now. */
struct sl_ast_set *sl_ast_set(struct sl_parser *p, const struct sl_loc *name);
void sl_ast_set_type_begin(struct sl_parser *p, const struct sl_loc *loc);
void sl_ast_set_type(struct sl_parser *p, const struct sl_loc *word);
void sl_ast_set_size(struct sl_parser *p, const struct sl_loc *number);
void sl_ast_set_timeout(struct sl_parser *p, const struct sl_loc *time);
void sl_ast_set_file(struct sl_parser *p, const struct sl_loc *string);
void sl_ast_set_elements(struct sl_parser *p, struct sl_values *values);

/* build_flow.c: which match on the flow it is; -ENOMEM or 0. */
void sl_ast_flow(struct sl_parser *p, struct sl_part *part, const struct sl_loc *word);
/* The value of one: 10m of an age, 10k of bytes. */
int sl_ast_flow_amount(struct sl_parser *p, struct sl_part *part, const struct sl_loc *amount);
/* The flow table, and then its settings. */
void sl_ast_flows(struct sl_parser *p, const struct sl_loc *loc);
void sl_ast_flows_size(struct sl_parser *p, const struct sl_loc *loc);
void sl_ast_flows_streams(struct sl_parser *p, const struct sl_loc *loc);
void sl_ast_flows_timeout(struct sl_parser *p, const struct sl_loc *word,
			  const struct sl_loc *time);

/* quantity.c: a number with k, m or g behind it; seconds, or 30s, 10m, 1h30m, 7d. False: it is none. */
bool sl_quantity_size(const char *text, __u64 *out);
bool sl_quantity_time(const char *text, __u64 *out);

/* build.c: statements; an error in them is noted and they are left out. */
void sl_ast_define(struct sl_parser *p, const struct sl_loc *name, struct sl_values *values);
void sl_ast_on(struct sl_parser *p, const struct sl_loc *word, enum sl_verdict verdict);
void sl_ast_geoip(struct sl_parser *p, const struct sl_loc *string);
/* Never NULL but for lack of memory: a misnamed chain gets one that nobody reads. */
struct sl_ast_chain *sl_ast_chain(struct sl_parser *p, const struct sl_loc *name,
				  const struct sl_loc *loc);
/* Of chain_now: */
void sl_ast_add_rule(struct sl_parser *p, struct sl_ast_rule *rule);
void sl_ast_policy(struct sl_parser *p, enum sl_verdict verdict, const struct sl_loc *loc);

/* iface.c: whether an interface can be called so, or match so; -EINVAL when not. */
int sl_iface_check(struct sl_parser *p, const char *name, bool is_glob, const struct sl_loc *loc);
/* Says that a word is none of the names. */
int sl_unknown_word(struct sl_parser *p, const struct sl_loc *loc, const char *what,
		    const char *word, const char *const *names, int count);
/* An interface clause, and then its settings for iface_now. */
struct sl_ast_iface *sl_ast_iface(struct sl_parser *p, const struct sl_loc *name, bool quoted);
void sl_ast_iface_xdp(struct sl_parser *p, const struct sl_loc *mode,
		      const struct sl_loc *priority);
void sl_ast_iface_tc_begin(struct sl_parser *p, const struct sl_loc *loc);
void sl_ast_iface_tc(struct sl_parser *p, const struct sl_loc *dir);
