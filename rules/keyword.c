/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "lexer.h"

#include <stdlib.h>
#include <string.h>

#include "parser.h"
#include "parse.tab.h"

/* Sorted by name. */
static const struct sl_keyword keywords[] = {
	{ "accept", T_ACCEPT, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "alpn", T_ALPN, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "app", T_APP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "arp", T_ARP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "ban", T_BAN, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "burst", T_BURST, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "chain", T_CHAIN, SL_KEYWORD_ANYWHERE, "statement" },
	{ "code", T_CODE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "contains", T_CONTAINS, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "count", T_COUNT, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "counter", T_COUNT, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "counters", T_COUNTERS, SL_KEYWORD_IN_SETS, "setting" },
	{ "country", T_COUNTRY, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "cvlan", T_CVLAN, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "daddr", T_DADDR, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "define", T_DEFINE, SL_KEYWORD_ANYWHERE, "statement" },
	{ "depth", T_DEPTH, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "dns", T_DNS, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "dport", T_DPORT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "drop", T_DROP, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "dscp", T_DSCP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "elements", T_ELEMENTS, SL_KEYWORD_IN_SETS, "setting" },
	{ "ether", T_ETHER, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "ethertype", T_ETHERTYPE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "exthdr", T_EXTHDR, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "file", T_FILE, SL_KEYWORD_IN_SETS, "setting" },
	{ "flags", T_FLAGS, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "flow", T_FLOW, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "flows", T_FLOWS, SL_KEYWORD_ANYWHERE, "statement" },
	{ "fragment", T_FRAGMENT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "frame", T_FRAME, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "geneve", T_GENEVE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "geoip", T_GEOIP, SL_KEYWORD_ANYWHERE, "statement" },
	{ "gre", T_GRE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "gtp", T_GTP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "hoplimit", T_TTL, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "host", T_HOST, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "http", T_HTTP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "icmp", T_ICMP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "icmpv6", T_ICMPV6, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "id", T_ID, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "iifname", T_IIFNAME, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "include", T_INCLUDE, SL_KEYWORD_ANYWHERE, "statement" },
	{ "inner", T_INNER, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "interface", T_INTERFACE, SL_KEYWORD_ANYWHERE, "statement" },
	{ "ip", T_IP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "ip6", T_IP6, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "key", T_KEY, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "l4proto", T_L4PROTO, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "length", T_LENGTH, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "limit", T_LIMIT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "log", T_LOG, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "mark", T_MARK, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "meta", T_META, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "method", T_METHOD, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "mirror", T_MIRROR, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "mss", T_MSS, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "network", T_NETWORK, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "nexthdr", T_PROTO, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "nocase", T_NOCASE, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "not", T_NOT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "offset", T_OFFSET, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "oifname", T_OIFNAME, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "on", T_ON, SL_KEYWORD_ANYWHERE, "statement" },
	{ "opcode", T_OPCODE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "over", T_OVER, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "path", T_PATH, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "payload", T_PAYLOAD, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "pcp", T_PCP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "per", T_PER, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "policy", T_POLICY, SL_KEYWORD_ANYWHERE, "statement" },
	{ "pop", T_POP, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "priority", T_PRIORITY, SL_KEYWORD_NOT_IN_SETS, "setting" },
	{ "proto", T_PROTO, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "protocol", T_PROTOCOL, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "push", T_PUSH, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "qname", T_QNAME, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "qtype", T_QTYPE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "query", T_QUERY, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "quic", T_QUIC, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "rate", T_RATE, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "rcode", T_RCODE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "redirect", T_REDIRECT, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "reject", T_REJECT, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "reply", T_REPLY, SL_KEYWORD_NOT_IN_SETS, "action" },
	{ "response", T_RESPONSE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "saddr", T_SADDR, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "sctp", T_SCTP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "set", T_SET, SL_KEYWORD_ANYWHERE, "statement" },
	{ "size", T_SIZE, SL_KEYWORD_IN_SETS, "setting" },
	{ "snap", T_SNAP, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "sni", T_SNI, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "software", T_SOFTWARE, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "sport", T_SPORT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "ssh", T_SSH, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "streams", T_STREAMS, SL_KEYWORD_IN_SETS, "setting" },
	{ "tags", T_TAGS, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "tc", T_TC, SL_KEYWORD_NOT_IN_SETS, "setting" },
	{ "tcp", T_TCP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "teid", T_TEID, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "th", T_TH, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "timeout", T_TIMEOUT, SL_KEYWORD_IN_SETS, "setting" },
	{ "tls", T_TLS, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "transport", T_TRANSPORT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "ttl", T_TTL, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "tunnel", T_TUNNEL, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "type", T_TYPE, SL_KEYWORD_ANYWHERE, "match" },
	{ "udp", T_UDP, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "user-agent", T_AGENT, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "version", T_VERSION, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "vlan", T_VLAN, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "vni", T_VNI, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "vxlan", T_VXLAN, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "window", T_WINDOW, SL_KEYWORD_NOT_IN_SETS, "match" },
	{ "with", T_WITH, SL_KEYWORD_NOT_IN_SETS, "option" },
	{ "xdp", T_XDP, SL_KEYWORD_NOT_IN_SETS, "setting" },
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
