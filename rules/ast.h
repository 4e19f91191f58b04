/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>

#include "interval.h"
#include "op.h"
#include "rules.h"
#include "selector.h"
#include "source.h"

/*
 * A configuration as it was written: what the parser makes and check.c reads. All of it lies in
 * the parser's pool.
 */

enum sl_atom_kind {
	SL_ATOM_NUMBER,
	SL_ATOM_WORD,
	SL_ATOM_ADDR4,
	SL_ATOM_ADDR6,
	SL_ATOM_MAC,
	SL_ATOM_STRING, /* text without its quotes */
	SL_ATOM_BAD
};

struct sl_atom {
	enum sl_atom_kind kind; /* SL_ATOM_BAD: has been complained about */
	sl_u128 number; /* a number too large is all ones */
	const char *text; /* as written */
	struct sl_loc loc;
};

enum sl_value_kind {
	SL_VALUE_ATOM, /* low */
	SL_VALUE_RANGE, /* low - high */
	SL_VALUE_PREFIX, /* low / high, a number */
	SL_VALUE_OR, /* a | b | ...: parts */
	SL_VALUE_REF, /* $name: low.text without the dollar */
	SL_VALUE_SET, /* @name: low.text without the at sign */
	SL_VALUE_CONCAT, /* a . b . ...: parts */
};

struct sl_value {
	struct sl_value *next;
	struct sl_value *parts;
	enum sl_value_kind kind;
	struct sl_loc loc;
	struct sl_atom low;
	struct sl_atom high;
};

/* One value, or a set of them in braces. */
struct sl_values {
	struct sl_value *first;
	struct sl_value *last;
	bool braces;
	struct sl_loc loc;
};

enum sl_compare {
	SL_CMP_NONE,
	SL_CMP_EQ,
	SL_CMP_NE,
	SL_CMP_LT,
	SL_CMP_GT,
	SL_CMP_LE,
	SL_CMP_GE
};

enum sl_part_kind {
	SL_AST_BARE, /* a protocol's name alone; op is SL_CMP_NE after "not" */
	SL_AST_MATCH, /* selector op values */
	SL_AST_MASK, /* tcp flags & mask op values */
	SL_AST_RAW, /* BASE @offset,length [& mask] op values */
	SL_AST_CONCAT, /* selector . selector ... op values */
	SL_AST_COUNTRY, /* selector country op values */
	SL_AST_STMT, /* limit and sampling, too */
	SL_AST_VERDICT,
};

struct sl_ast_place {
	enum sl_base base;
	__u16 offset;
	__u8 length; /* 0: has been complained about */
};

struct sl_part {
	struct sl_part *next;
	enum sl_part_kind kind;
	enum sl_selector selector;
	enum sl_compare op;
	struct sl_values *values;
	struct sl_values *mask;
	struct sl_part *selectors; /* of a concatenation, and of a ban: all of them */
	struct sl_ast_place place;
	enum sl_verdict verdict;
	__u32 arg; /* of a rejection */
	__u8 reply[16]; /* as in struct sl_conf_rule */
	__u8 l3; /* SL_L3_BIT()s of the packets that a rejection can answer */
	bool counts; /* SL_AST_STMT: `count`, which all rules do */
	bool bad; /* has been complained about */
	struct sl_conf_stmt stmt;
	const struct sl_atom *name; /* of a set or of an interface */
	struct sl_loc loc; /* all of it */
	struct sl_loc head; /* the selector */
};

struct sl_ast_rule {
	struct sl_ast_rule *next;
	const char *label; /* NULL: unnamed */
	struct sl_part *parts;
	struct sl_part *last_part;
	struct sl_loc loc;
	struct sl_loc label_loc;
};

struct sl_ast_chain {
	struct sl_loc loc; /* of "chain NAME"; no source: not given */
	struct sl_loc policy_loc; /* no source: not given */
	enum sl_verdict policy;
	struct sl_ast_rule *rules;
	struct sl_ast_rule *last_rule;
};

struct sl_ast_iface {
	struct sl_ast_iface *next;
	const char *pattern;
	bool is_glob;
	enum sl_xdp_mode xdp;
	int priority;
	bool tc[SL_DIR_MAX_];
	struct sl_loc loc;
	struct sl_loc xdp_loc; /* no source: not given */
	struct sl_loc tc_loc;
};

struct sl_ast_set {
	struct sl_ast_set *next;
	const char *name;
	enum sl_set_type type[SL_SET_PARTS];
	unsigned int nparts; /* 0: not given, or has been complained about */
	__u32 size;
	__u32 timeout_s;
	bool counters;
	bool bad; /* has been complained about */
	__u32 index; /* in sl_conf.sets */
	struct sl_values *files; /* atoms: paths */
	struct sl_values *elements; /* NULL: none */
	struct sl_loc loc;
	struct sl_loc type_loc; /* no source: not given */
	struct sl_loc size_loc;
	struct sl_loc timeout_loc;
};

struct sl_ast_define {
	const char *name;
	struct sl_values *values;
	struct sl_loc loc;
	struct sl_ast_define *next;
	bool used; /* by a rule or a set, or by another definition */

	/* define.c's */
	enum {
		SL_DEFINE_NEW,
		SL_DEFINE_OPEN,
		SL_DEFINE_FINE,
		SL_DEFINE_CYCLIC
	} state;
	const struct sl_value *cursor;
	struct sl_ast_define *above;
};

struct sl_ast_on {
	struct sl_ast_on *next;
	const char *word;
	enum sl_verdict verdict;
	struct sl_loc loc;
};
