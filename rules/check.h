/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "match.h"
#include "parser.h"

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
void sl_wanted_clear(struct sl_wanted *wanted);

/* narrow.c: the conditions of one rule, match by match. */
struct sl_narrow {
	struct sl_parser *p;
	__u8 l3;
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

/* matches.c: the matches of one rule. */
int sl_matches_read(struct sl_parser *p, const struct sl_ast_rule *rule,
		    struct sl_conf_match **out);
