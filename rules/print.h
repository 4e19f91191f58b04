/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "buf.h"
#include "match.h"
#include "rules.h"

/* Between parts of a rule. */
static inline void sl_print_blank(struct sl_buf *buf)
{
	if (buf->length)
		sl_buf_write(buf, " ", 1);
}

/* print_match.c: the conditions as a rule writes them, in one fixed way. */
void sl_match_print(struct sl_buf *buf, const struct sl_conf *conf, enum sl_dir dir,
		    const struct sl_conf_match *match);

/* print_more.c: those on what is not in the key. */
void sl_ifaces_print(struct sl_buf *buf, const struct sl_conf *conf, enum sl_dir dir,
		     const struct sl_conf_match *match);
void sl_raws_print(struct sl_buf *buf, const struct sl_conf_match *match);
void sl_lengths_print(struct sl_buf *buf, const struct sl_conf_match *match);

void sl_domains_print(struct sl_buf *buf, const struct sl_domains *names);
void sl_names_print(struct sl_buf *buf, const struct sl_conf_match *match);

void sl_place_print(struct sl_buf *buf, enum sl_base base, unsigned int offset,
		    unsigned int length);

/* print_value.c */
void sl_addr_print(struct sl_buf *buf, enum sl_l3 l3, const struct sl_interval *v);
void sl_addrs_print(struct sl_buf *buf, const struct sl_intervals *set4,
		    const struct sl_intervals *set6);
void sl_mac_print(struct sl_buf *buf, sl_u128 number);
/* Up to 16 bytes, all of their digits. */
void sl_hex_print(struct sl_buf *buf, unsigned int bytes, sl_u128 number);
void sl_word_print(struct sl_buf *buf, const struct sl_vocabulary *words, bool hex,
		   const struct sl_interval *v);

/* print_set.c: conditions that are sets; ports is the protocol that they are of. */
void sl_refs_print(struct sl_buf *buf, const struct sl_conf *conf,
		   const struct sl_conf_match *match, const char *ports);
void sl_elems_print(struct sl_buf *buf, const struct sl_conf_set *set);
/* The set's statement. */
void sl_set_print(struct sl_buf *buf, const struct sl_conf_set *set);
/* The names of its parts, with dots between them. */
void sl_parts_print(struct sl_buf *buf, const __u8 parts[SL_SET_PARTS], const char *ports);

/* print_stmt.c */
void sl_stmt_print(struct sl_buf *buf, const struct sl_conf *conf, const struct sl_conf_stmt *stmt);

/* print.c: conditions, statements and verdict; what sl_conf_rule.text is. */
int sl_rule_print(const struct sl_conf *conf, const struct sl_conf_rule *rule, char **out);
void sl_flows_print(struct sl_buf *buf, const struct sl_conf_flows *flows);
void sl_iface_print(struct sl_buf *buf, const struct sl_conf_iface *iface);

/* build_verdict.c: "port-unreachable" */
const char *sl_reject_name(enum sl_reject kind);
/* The same of replies: "nxdomain" */
const char *sl_reply_name(enum sl_reject kind);
