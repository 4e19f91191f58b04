/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Numbers that have a name in rules. */
struct sl_named {
	const char *name;
	__u16 low;
	__u16 high; /* only "fragment any" is more than one number */
};

struct sl_vocabulary {
	const char *noun; /* "port": what messages call a value of this kind */
	const struct sl_named *words; /* the first name of a number is the one to print */
	size_t count;
	bool any_case; /* as DNS has its words: upper case is for print */
};

extern const struct sl_vocabulary sl_words_none; /* plain numbers */
extern const struct sl_vocabulary sl_words_mac; /* plain MAC addresses */
extern const struct sl_vocabulary sl_words_port;
extern const struct sl_vocabulary sl_words_proto;
extern const struct sl_vocabulary sl_words_ethertype;
extern const struct sl_vocabulary sl_words_icmp_type;
extern const struct sl_vocabulary sl_words_icmp_code;
extern const struct sl_vocabulary sl_words_icmp6_type;
extern const struct sl_vocabulary sl_words_icmp6_code;
extern const struct sl_vocabulary sl_words_dscp;
extern const struct sl_vocabulary sl_words_fragment;
extern const struct sl_vocabulary sl_words_flag;
extern const struct sl_vocabulary sl_words_exthdr;
extern const struct sl_vocabulary sl_words_flow_state;
extern const struct sl_vocabulary sl_words_flow_to;
extern const struct sl_vocabulary sl_words_app;
extern const struct sl_vocabulary sl_words_dns;
extern const struct sl_vocabulary sl_words_dns_type;
extern const struct sl_vocabulary sl_words_dns_opcode;
extern const struct sl_vocabulary sl_words_dns_rcode;

const struct sl_named *sl_word_find(const struct sl_vocabulary *vocabulary, const char *name);
/* NULL when the number has no name. */
const char *sl_word_name(const struct sl_vocabulary *vocabulary, unsigned int number);
/* The nearest name to a misspelt one, as the end of a message: see sl_suggest_hint(). */
const char *sl_word_hint(const struct sl_vocabulary *vocabulary, const char *name, char *hint);
