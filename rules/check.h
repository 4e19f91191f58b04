/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "match.h"
#include "parser.h"
#include "selector.h"

/*
 * From the tree to struct sl_conf. All functions return 0, -EINVAL when something is wrong with
 * the text (it is in the parser's diag) or -ENOMEM.
 */

/* check.c */
int sl_check(struct sl_parser *p, struct sl_conf *conf);

/* define.c: finds out which definitions refer to themselves; before the others. */
int sl_define_check(struct sl_parser *p);
/* The values behind $name. Inside of a definition, what is wrong has been said already. */
int sl_define_find(struct sl_parser *p, const struct sl_value *ref, bool inside,
		   const struct sl_values **out);

/* value.c: what a match accepts, by address family when it is about addresses. */
struct sl_wanted {
	const struct sl_selector_info *selector;
	enum sl_field field;
	struct sl_intervals set; /* numbers, IPv4 addresses */
	struct sl_intervals set6; /* IPv6 addresses */
};

int sl_values_read(struct sl_parser *p, const struct sl_values *values, struct sl_wanted *wanted);
/* One value that is no reference. */
int sl_value_read(struct sl_parser *p, const struct sl_value *value,
		  const struct sl_selector_info *selector, struct sl_interval *out);
void sl_wanted_clear(struct sl_wanted *wanted);

/* flat.c: the values behind all references, in the parser's pool. */
struct sl_flat {
	const struct sl_value **v;
	size_t count;
};

int sl_flat_read(struct sl_parser *p, const struct sl_values *values, struct sl_flat *out);
/* The same for values that are names: words, or texts in quotes; noun is what they shall be. */
int sl_flat_names(struct sl_parser *p, const struct sl_values *values, const char *noun,
		  struct sl_flat *out);

/* Conditions on what is not in the key: see struct sl_conf_match. by is the match that set it. */
struct sl_narrow_raw {
	struct sl_cond_raw cond;
	const struct sl_part *by;
};

struct sl_narrow_length {
	struct sl_cond_length cond;
	const struct sl_part *by;
};

struct sl_narrow_set {
	struct sl_cond_set cond;
	const struct sl_part *by;
};

struct sl_narrow_iface {
	struct sl_cond_iface cond;
	const struct sl_part *by;
};

struct sl_narrow_name {
	struct sl_cond_name cond;
	const struct sl_part *by;
};

/* narrow.c: the conditions of one rule, match by match. */
struct sl_narrow {
	struct sl_parser *p;
	enum sl_dir dir;
	__u8 l3;
	const struct sl_part *header_by; /* asks about the transport header; NULL: none does */
	struct sl_narrow_raw *raws; /* ascending */
	size_t nraws;
	struct sl_narrow_length *lengths; /* ascending */
	size_t nlengths;
	struct sl_intervals mss;
	const struct sl_part *mss_by;
	struct sl_narrow_set *sets;
	size_t nsets;
	struct sl_narrow_iface *ifaces;
	size_t nifaces;
	struct sl_narrow_name *names;
	size_t nnames;
	struct sl_intervals set[SL_FIELD_MAX_]; /* empty: no condition yet */
	const struct sl_part *by[SL_FIELD_MAX_]; /* the match that set the condition last */
	const struct sl_part *l3_by[SL_L3_MAX_]; /* the match that took the class away */
};

int sl_narrow_l3(struct sl_narrow *n, __u8 l3, const struct sl_part *part);
int sl_narrow_field(struct sl_narrow *n, enum sl_field field, const struct sl_intervals *set,
		    const struct sl_part *part);
/* A condition for each family that the selector allows. */
int sl_narrow_addr(struct sl_narrow *n, const struct sl_wanted *wanted, const struct sl_part *part);
int sl_narrow_finish(struct sl_narrow *n, struct sl_conf_match **out);
void sl_narrow_clear(struct sl_narrow *n);
/* Two matches that no packet satisfies both; other is the earlier one, or NULL. */
int sl_narrow_contradiction(struct sl_narrow *n, const struct sl_part *part,
			    const struct sl_part *other);

/* narrow_more.c: conditions on what is not in the key; the raw one and the set are copied. */
int sl_narrow_raw(struct sl_narrow *n, const struct sl_cond_raw *cond, const struct sl_part *part);
int sl_narrow_length(struct sl_narrow *n, enum sl_length_of of, const struct sl_intervals *set,
		     const struct sl_part *part);
int sl_narrow_mss(struct sl_narrow *n, const struct sl_intervals *set, const struct sl_part *part);
/* Takes over cond->names. */
int sl_narrow_name(struct sl_narrow *n, struct sl_cond_name *cond, const struct sl_part *part);
int sl_narrow_set(struct sl_narrow *n, const struct sl_cond_set *cond, const struct sl_part *part);
int sl_narrow_iface(struct sl_narrow *n, const struct sl_cond_iface *cond,
		    const struct sl_part *part);
/* Hands them over to the match. */
int sl_narrow_more(struct sl_narrow *n, struct sl_conf_match *match);
void sl_narrow_more_clear(struct sl_narrow *n);

/* matches.c: the matches of one rule. */
int sl_matches_read(struct sl_parser *p, enum sl_dir dir, const struct sl_ast_rule *rule,
		    struct sl_conf_match **out);
/* Families, tags and protocols that the selector asks for besides its value. */
int sl_matches_imply(struct sl_narrow *n, const struct sl_selector_info *selector,
		     const struct sl_part *part);

/* refs.c: matches that are sets, with a name or without. */
bool sl_is_set_ref(const struct sl_part *part);
int sl_refs_narrow(struct sl_narrow *n, const struct sl_part *part);
int sl_refs_country(struct sl_narrow *n, const struct sl_part *part);
/* What the selectors look at, after a check that the set holds such things. */
int sl_refs_parts(struct sl_parser *p, const struct sl_part *selectors,
		  const struct sl_ast_set *set, const struct sl_loc *loc, __u8 to[SL_SET_PARTS]);
int sl_refs_find(struct sl_parser *p, const struct sl_atom *name, const struct sl_loc *loc,
		 const struct sl_ast_set **out);

/* ifnames.c: iifname, and interfaces that packets go to. */
int sl_ifnames_narrow(struct sl_narrow *n, const struct sl_part *part);
int sl_ifnames_port(struct sl_parser *p, const struct sl_atom *name, __u32 *out);

/* names.c: domain names in rules. */
int sl_names_narrow(struct sl_narrow *n, const struct sl_part *part);
/* The names behind the values, ascending, each once. */
int sl_names_read(struct sl_parser *p, const struct sl_values *values, struct sl_domains *out);

/* elems.c: elements of a set, in normal form. */
int sl_elems_read(struct sl_parser *p, const struct sl_values *values, struct sl_conf_set *set);

/* sets.c: all set statements; before the rules. */
int sl_sets_check(struct sl_parser *p);
/* Whether there can be elements with such parts. */
int sl_sets_types(struct sl_parser *p, const enum sl_set_type *type, unsigned int nparts,
		  const struct sl_loc *loc);
/* One more set, or NULL when there is no memory. */
struct sl_conf_set *sl_sets_add(struct sl_conf *conf);

/* stmts.c: statements of one rule. */
int sl_stmts_read(struct sl_parser *p, const struct sl_ast_rule *rule, struct sl_conf_rule *out);
