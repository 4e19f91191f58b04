/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "lexer.h"

#include <stdlib.h>
#include <string.h>

#include "parser.h"
#include "parse.tab.h"

/* Sorted by name. */
static const struct sl_keyword keywords[] = {
	{ "accept", T_ACCEPT, "action" },
	{ "arp", T_ARP, "match" },
	{ "chain", T_CHAIN, "statement" },
	{ "code", T_CODE, "match" },
	{ "count", T_COUNT, "action" },
	{ "counter", T_COUNT, "action" },
	{ "cvlan", T_CVLAN, "match" },
	{ "daddr", T_DADDR, "match" },
	{ "define", T_DEFINE, "statement" },
	{ "dport", T_DPORT, "match" },
	{ "drop", T_DROP, "action" },
	{ "dscp", T_DSCP, "match" },
	{ "ether", T_ETHER, "match" },
	{ "ethertype", T_ETHERTYPE, "match" },
	{ "flags", T_FLAGS, "match" },
	{ "fragment", T_FRAGMENT, "match" },
	{ "hoplimit", T_TTL, "match" },
	{ "icmp", T_ICMP, "match" },
	{ "icmpv6", T_ICMPV6, "match" },
	{ "id", T_ID, "match" },
	{ "include", T_INCLUDE, "statement" },
	{ "interface", T_INTERFACE, "statement" },
	{ "ip", T_IP, "match" },
	{ "ip6", T_IP6, "match" },
	{ "l4proto", T_L4PROTO, "match" },
	{ "meta", T_META, "match" },
	{ "nexthdr", T_PROTO, "match" },
	{ "not", T_NOT, "match" },
	{ "on", T_ON, "statement" },
	{ "pcp", T_PCP, "match" },
	{ "policy", T_POLICY, "statement" },
	{ "priority", T_PRIORITY, "setting" },
	{ "proto", T_PROTO, "match" },
	{ "protocol", T_PROTOCOL, "match" },
	{ "saddr", T_SADDR, "match" },
	{ "sctp", T_SCTP, "match" },
	{ "sport", T_SPORT, "match" },
	{ "tags", T_TAGS, "match" },
	{ "tc", T_TC, "setting" },
	{ "tcp", T_TCP, "match" },
	{ "th", T_TH, "match" },
	{ "ttl", T_TTL, "match" },
	{ "type", T_TYPE, "match" },
	{ "udp", T_UDP, "match" },
	{ "vlan", T_VLAN, "match" },
	{ "xdp", T_XDP, "setting" },
};

#define NKEYWORDS (sizeof(keywords) / sizeof(*keywords))

struct text {
	const char *bytes;
	size_t length;
};

static int compare(const void *key, const void *element)
{
	const struct text *text = key;
	const struct sl_keyword *keyword = element;
	int order = strncmp(text->bytes, keyword->name, text->length);

	return order ? order : -(keyword->name[text->length] != '\0');
}

const struct sl_keyword *sl_keyword_find(const char *text, size_t length)
{
	struct text key = { text, length };

	return bsearch(&key, keywords, NKEYWORDS, sizeof(*keywords), compare);
}

/* All spellings of a token, one a call: *from starts at 0. */
const struct sl_keyword *sl_keyword_of(int token, size_t *from)
{
	while (*from < NKEYWORDS) {
		if (keywords[(*from)++].token == token)
			return &keywords[*from - 1];
	}
	return NULL;
}
