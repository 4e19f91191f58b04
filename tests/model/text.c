// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Rules as text, in all the spellings that docs/rules.md knows: which one is taken is in
 * m_match.style, and says nothing about the meaning.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "names.h"

struct writer {
	FILE *defines, *rules;
	unsigned int ndefines, nsets, line;
	bool is_answer; /* the rule says reject: what a set has may change, so it is not about TCP alone */
};

struct word {
	int value;
	const char *word;
};

static const struct word ports[] = { { 22, "ssh" },
				     { 25, "smtp" },
				     { 53, "domain" },
				     { 67, "bootps" },
				     { 80, "http" },
				     { 443, "https" },
				     {} };
static const struct word protocols[] = { { 1, "icmp" },	  { 2, "igmp" },    { 6, "tcp" },
					 { 17, "udp" },	  { 47, "gre" },    { 50, "esp" },
					 { 51, "ah" },	  { 58, "icmpv6" }, { 89, "ospf" },
					 { 112, "vrrp" }, { 132, "sctp" },  {} };
static const struct word ethertypes[] = {
	{ 0x800, "ip" }, { 0x806, "arp" }, { 0x86dd, "ip6" }, { 0x88cc, "lldp" }, {}
};
static const struct word types4[] = {
	{ 0, "echo-reply" }, { 3, "destination-unreachable" }, { 8, "echo-request" }, {}
};
static const struct word types6[] = { { 128, "echo-request" }, { 135, "nd-neighbor-solicit" }, {} };
static const struct word dscps[] = { { 0, "cs0" },   { 8, "cs1" },  { 10, "af11" },
				     { 38, "af43" }, { 46, "ef" },  { 44, "va" },
				     { 1, "le" },    { 56, "cs7" }, {} };
static const struct word fragments[] = {
	{ SL_FRAG_NONE, "none" }, { SL_FRAG_FIRST, "first" }, { SL_FRAG_LATER, "later" }, {}
};

static const struct word tunnels[] = { { SL_TUNNEL_NONE, "none" },
				       { SL_TUNNEL_IPIP, "ipip" },
				       { SL_TUNNEL_GRE, "gre" },
				       { SL_TUNNEL_VXLAN, "vxlan" },
				       { SL_TUNNEL_GENEVE, "geneve" },
				       { SL_TUNNEL_GTP, "gtp" },
				       {} };
static const struct word apps[] = { { SL_APP_DNS, "dns" },   { SL_APP_TLS, "tls" },
				    { SL_APP_HTTP, "http" }, { SL_APP_SSH, "ssh" },
				    { SL_APP_QUIC, "quic" }, {} };
static const struct word tls_versions[] = { { 0x300, "ssl3" },	 { 0x301, "tls1.0" },
					    { 0x302, "tls1.1" }, { 0x303, "tls1.2" },
					    { 0x304, "tls1.3" }, {} };
static const struct word quic_types[] = {
	{ SL_QUIC_INITIAL, "initial" },		{ SL_QUIC_ZERO_RTT, "zero-rtt" },
	{ SL_QUIC_HANDSHAKE, "handshake" },	{ SL_QUIC_RETRY, "retry" },
	{ SL_QUIC_NEGOTIATION, "negotiation" }, {}
};
static const struct word qtypes[] = { { 1, "A" },      { 28, "AAAA" },	{ 255, "ANY" },
				      { 65, "HTTPS" }, { 252, "axfr" }, {} };
static const struct word opcodes[] = { { 0, "query" }, { 4, "notify" }, { 5, "update" }, {} };
static const struct word rcodes[] = {
	{ 0, "noerror" }, { 2, "servfail" }, { 3, "nxdomain" }, { 5, "refused" }, {}
};
static const struct word states[] = {
	{ SL_FLOW_NEW, "new" },		{ SL_FLOW_ESTABLISHED, "established" },
	{ SL_FLOW_CLOSING, "closing" }, { SL_FLOW_MIDSTREAM, "midstream" },
	{ SL_FLOW_RELATED, "related" }, {}
};
static const struct word ends[] = { { SL_FLOW_TO_SERVER, "server" },
				    { SL_FLOW_TO_CLIENT, "client" },
				    {} };

static const struct {
	const char *names[4];
	unsigned int bits; /* 0: addresses */
	const struct word *words;
} fields[M_SELECTORS] = {
	[M_ANY_SADDR] = { { "saddr" } },
	[M_ANY_DADDR] = { { "daddr" } },
	[M_IP_SADDR] = { { "ip saddr" } },
	[M_IP_DADDR] = { { "ip daddr" } },
	[M_IP6_SADDR] = { { "ip6 saddr" } },
	[M_IP6_DADDR] = { { "ip6 daddr" } },
	[M_ANY_PROTO] = { { "proto", "meta l4proto" }, 8, protocols },
	[M_IP_PROTO] = { { "ip protocol" }, 8, protocols },
	[M_IP6_PROTO] = { { "ip6 nexthdr" }, 8, protocols },
	[M_TCP_SPORT] = { { "tcp sport" }, 16, ports },
	[M_TCP_DPORT] = { { "tcp dport" }, 16, ports },
	[M_UDP_SPORT] = { { "udp sport" }, 16, ports },
	[M_UDP_DPORT] = { { "udp dport" }, 16, ports },
	[M_SCTP_SPORT] = { { "sctp sport" }, 16, ports },
	[M_SCTP_DPORT] = { { "sctp dport" }, 16, ports },
	[M_TH_SPORT] = { { "th sport" }, 16, ports },
	[M_TH_DPORT] = { { "th dport" }, 16, ports },
	[M_TCP_FLAGS] = { { "tcp flags" }, 8, NULL },
	[M_ICMP_TYPE] = { { "icmp type" }, 8, types4 },
	[M_ICMP_CODE] = { { "icmp code" }, 8, NULL },
	[M_ICMPV6_TYPE] = { { "icmpv6 type" }, 8, types6 },
	[M_ICMPV6_CODE] = { { "icmpv6 code" }, 8, NULL },
	[M_VLAN_ID] = { { "vlan id" }, 12, NULL },
	[M_VLAN_PCP] = { { "vlan pcp" }, 3, NULL },
	[M_CVLAN_ID] = { { "cvlan id" }, 12, NULL },
	[M_CVLAN_PCP] = { { "cvlan pcp" }, 3, NULL },
	[M_VLAN_TAGS] = { { "vlan tags" }, 3, NULL },
	[M_ANY_ETHERTYPE] = { { "ethertype", "meta protocol", "ether type" }, 16, ethertypes },
	[M_ANY_DSCP] = { { "dscp" }, 6, dscps },
	[M_ANY_TTL] = { { "ttl", "hoplimit" }, 8, NULL },
	[M_ANY_FRAGMENT] = { { "fragment" }, 2, fragments },
	[M_ANY_LENGTH] = { { "length", "frame length", "meta length" }, 32, NULL },
	[M_IP_LENGTH] = { { "ip length" }, 16, NULL },
	[M_IP6_LENGTH] = { { "ip6 length" }, 16, NULL },
	[M_ANY_PAYLOAD_LENGTH] = { { "payload length" }, 32, NULL },
	[M_UDP_LENGTH] = { { "udp length" }, 16, NULL },
	[M_TCP_WINDOW] = { { "tcp window" }, 16, NULL },
	[M_TCP_MSS] = { { "tcp mss" }, 16, NULL },
	[M_ETHER_SADDR] = { { "ether saddr" }, 48, NULL },
	[M_ETHER_DADDR] = { { "ether daddr" }, 48, NULL },
	[M_RAW] = { { NULL }, 128, NULL },
	[M_TUNNEL] = { { "tunnel" }, 3, tunnels },
	[M_VXLAN_VNI] = { { "vxlan vni" }, 24, NULL },
	[M_GENEVE_VNI] = { { "geneve vni" }, 24, NULL },
	[M_GRE_KEY] = { { "gre key" }, 32, NULL },
	[M_GTP_TEID] = { { "gtp teid" }, 32, NULL },
	[M_APP] = { { "app" }, 3, apps },
	[M_DNS_QTYPE] = { { "dns qtype" }, 16, qtypes },
	[M_DNS_OPCODE] = { { "dns opcode" }, 4, opcodes },
	[M_DNS_RCODE] = { { "dns rcode" }, 4, rcodes },
	[M_TLS_VERSION] = { { "tls version" }, 16, tls_versions },
	[M_QUIC_VERSION] = { { "quic version" }, 32, NULL },
	[M_QUIC_TYPE] = { { "quic type" }, 3, quic_types },
	[M_FLOW_STATE] = { { "flow state" }, 3, states },
	[M_FLOW_TO] = { { "flow to" }, 1, ends },
	[M_FLOW_AGE] = { { "flow age" }, 32, NULL },
	[M_FLOW_PACKETS] = { { "flow packets" }, 32, NULL },
	[M_FLOW_BYTES] = { { "flow bytes" }, 32, NULL },
};

/* Values that have no number in the language. */
static bool is_worded(int selector)
{
	return selector == M_ANY_FRAGMENT || selector == M_TUNNEL || selector == M_APP ||
	       selector == M_QUIC_TYPE || selector == M_FLOW_STATE || selector == M_FLOW_TO;
}

static void put_number(FILE *to, int selector, wide value, struct chance *c)
{
	if (selector == M_ETHER_SADDR || selector == M_ETHER_DADDR) {
		put_mac(to, value);
		return;
	}
	if (selector == M_RAW && (value >> 32 || chance_of(c, 70))) {
		put_hex(to, value);
		return;
	}
	const struct word *w = fields[selector].words;

	for (; w && w->word; w++) {
		if ((wide)w->value == value && (is_worded(selector) || chance_of(c, 50))) {
			fputs(w->word, to);
			return;
		}
	}
	fprintf(to, chance_of(c, 25) ? "0x%x" : "%u", (unsigned int)value);
}

static void put_range(FILE *to, const struct m_match *m, int i, struct chance *c)
{
	const struct m_range *r = &m->range[i];

	if (!fields[m->selector].bits) {
		text_addresses(to, r, c);
		return;
	}
	if (m->selector == M_ANY_FRAGMENT && r->low == SL_FRAG_FIRST && r->high == SL_FRAG_LATER) {
		fputs("any", to);
		return;
	}
	if (m->selector == M_TUNNEL && r->low < r->high) {
		fputs("any", to);
		return;
	}
	put_number(to, m->selector, r->low, c);
	if (r->low != r->high) {
		fputs(" - ", to);
		put_number(to, m->selector, r->high, c);
	}
}

/* Words that are matches by themselves. */
static const char *match_word(const struct m_match *m)
{
	const struct m_range *r = &m->range[0];

	if (m->count != 1)
		return NULL;
	if (m->selector == M_VLAN_TAGS && r->high == 4)
		return r->low == 1 ? "vlan" : r->low == 2 ? "cvlan" : NULL;
	if (r->low != r->high)
		return NULL;
	if (m->selector == M_ANY_ETHERTYPE)
		return r->low == 0x800	  ? "ip"
		       : r->low == 0x86dd ? "ip6"
		       : r->low == 0x806  ? "arp"
					  : NULL;
	if (m->selector == M_ANY_PROTO)
		return r->low == 6     ? "tcp"
		       : r->low == 17  ? "udp"
		       : r->low == 132 ? "sctp"
		       : r->low == 1   ? "icmp"
		       : r->low == 58  ? "icmpv6"
				       : NULL;
	return NULL;
}

static bool put_compared(FILE *to, const struct m_match *m, struct chance *c)
{
	const struct m_range *r = &m->range[0];
	wide max = ((wide)1 << fields[m->selector].bits) - 1;

	if (m->count != 1 || m->negate || is_worded(m->selector) || m->selector == M_RAW ||
	    m->selector == M_ETHER_SADDR || m->selector == M_ETHER_DADDR ||
	    m->selector == M_VLAN_TAGS || !fields[m->selector].bits || chance_of(c, 30))
		return false;
	if (r->low == 0 && r->high < max) {
		bool equal = chance_of(c, 50);

		fputs(equal ? "<= " : "< ", to);
		put_number(to, m->selector, equal ? r->high : r->high + 1, c);
		return true;
	}
	if (r->low > 0 && r->high == max) {
		bool equal = chance_of(c, 50);

		fputs(equal ? ">= " : "> ", to);
		put_number(to, m->selector, equal ? r->low : r->low - 1, c);
		return true;
	}
	return false;
}

static void put_list(FILE *to, const struct m_match *m, struct chance *c)
{
	for (int i = 0; i < m->count; i++) {
		fputs(i ? ", " : "", to);
		put_range(to, m, i, c);
	}
}

static void put_values(FILE *to, const struct m_match *m, struct chance *c)
{
	bool braces = m->count != 1 || chance_of(c, 30);

	fputs(braces ? "{ " : "", to);
	put_list(to, m, c);
	if (braces)
		fputs(chance_of(c, 20) ? ", }" : " }", to);
}

static void put_raw(FILE *to, const struct m_match *m, struct chance *c)
{
	static const char *const bases[] = { "frame", "network", "transport", "payload" };
	wide all = ~(wide)0 >> (128 - 8 * m->length);

	fprintf(to, "%s @%d,%d ", bases[m->base], m->offset, m->length);
	if (m->raw_mask != all) {
		fputs("& ", to);
		put_hex(to, m->raw_mask);
		fputs(" ", to);
	}
	fputs(m->negate ? "!= " : m->raw_mask != all || chance_of(c, 50) ? "== " : "", to);
	put_values(to, m, c);
}

static void put_exthdr(FILE *to, const struct m_match *m)
{
	static const char *const names[] = {
		"hbh", "rt", "frag", "dst", "ah", "esp", "mh", "other"
	};

	for (int i = 0; i < 8; i++) {
		if (m->mask >> i & 1)
			fprintf(to, "exthdr %s %s", names[i],
				m->range[0].low ? "exists" : "missing");
	}
}

/* A set of numbers with a name, of the type that is asked. */
static bool is_proto(int selector)
{
	return selector >= M_ANY_PROTO && selector <= M_IP6_PROTO;
}

static bool put_set(struct writer *w, const struct m_match *m, struct chance *c)
{
	const char *type = m->selector <= M_IP6_DADDR	? (chance_of(c, 50) ? "addr" : "prefix")
			   : m->selector <= M_IP6_PROTO ? "proto"
			   : m->selector <= M_TH_DPORT	? "port"
							: NULL;

	if (!type || chance_of(c, 75))
		return false;
	fprintf(w->defines, "set s%u { type %s; elements%s { ", ++w->nsets, type,
		chance_of(c, 30) ? " =" : "");
	put_list(w->defines, m, c);
	fputs(" } }\n", w->defines);
	fprintf(w->rules, "@s%u", w->nsets);
	return true;
}

/* `ip saddr`, `ip ttl` and `udp length` are one field. */
static bool goes_on(int selector)
{
	return selector <= M_ANY_DADDR || selector == M_ANY_LENGTH || selector == M_ANY_PROTO ||
	       selector == M_ANY_DSCP || selector == M_ANY_TTL;
}

static void put_match(struct writer *w, const struct m_match *m, const struct m_match *before,
		      const struct m_match *after)
{
	struct chance c = { (__u64)m->style };
	const char *word = match_word(m), *name = NULL;

	for (int i = 0; i < m->inner; i++)
		fputs("inner ", w->rules);
	if (text_special(w->rules, m))
		return;
	if (m->selector == M_RAW) {
		put_raw(w->rules, m, &c);
		return;
	}
	if (m->selector == M_EXTHDR) {
		put_exthdr(w->rules, m);
		return;
	}
	if (after && !after->inner && goes_on(after->selector))
		word = NULL;
	if (word && chance_of(&c, 70)) {
		fprintf(w->rules, "%s%s", m->negate ? "not " : "", word);
		return;
	}
	for (int tries = 0; !name; tries++)
		name = tries < 8 ? chance_pick(&c, fields[m->selector].names)
				 : fields[m->selector].names[0];
	/* `code` may follow a type by itself. */
	if (before && before->inner == m->inner && !m->inner &&
	    ((m->selector == M_ICMP_CODE && before->selector == M_ICMP_TYPE) ||
	     (m->selector == M_ICMPV6_CODE && before->selector == M_ICMPV6_TYPE)) &&
	    chance_of(&c, 50))
		name = "code";
	fprintf(w->rules, "%s ", name);
	if (m->selector == M_TCP_FLAGS) {
		text_flags(w->rules, m, &c);
		return;
	}
	if (put_compared(w->rules, m, &c))
		return;
	fputs(m->negate ? "!= " : chance_of(&c, 20) ? "== " : "", w->rules);
	if (chance_of(&c, 10)) {
		fprintf(w->defines, "define d%u = ", ++w->ndefines);
		put_values(w->defines, m, &c);
		fputs("\n", w->defines);
		fprintf(w->rules, chance_of(&c, 50) ? "$d%u" : "{ $d%u }", w->ndefines);
		return;
	}
	if (!(w->is_answer && is_proto(m->selector)) && put_set(w, m, &c))
		return;
	put_values(w->rules, m, &c);
}

static void put_rule(struct writer *w, const struct m_rule *rule, int number)
{
	struct chance c = { rule->count ? (__u64)rule->match[0].style + 1 : (__u64)number };

	w->is_answer = rule->action == SL_REJECT;
	fputs("\t", w->rules);
	if (rule->has_name)
		fprintf(w->rules, "r%d: ", number);
	for (int i = 0; i < rule->count; i++) {
		put_match(w, &rule->match[i], i ? &rule->match[i - 1] : NULL,
			  i + 1 < rule->count ? &rule->match[i + 1] : NULL);
		if (chance_of(&c, 5)) {
			fputs(" \\\n\t\t", w->rules);
			w->line++;
		} else {
			fputs(" ", w->rules);
		}
	}
	for (int i = 0; i < rule->stmts; i++)
		text_stmt(w->rules, &rule->stmt[i]);
	if (rule->action == SL_REJECT || rule->action == SL_REDIRECT)
		text_answer(w->rules, rule, &c);
	else if (rule->action != SL_CONTINUE)
		fprintf(w->rules, "%s%s", sl_verdict_names[rule->action],
			rule->rest_of_flow ? " flow" : "");
	else if ((!rule->count && !rule->stmts) || chance_of(&c, 60))
		fputs(chance_of(&c, 50) ? "count" : "counter", w->rules);
	fputs("\n", w->rules);
	w->line++;
}

static void put_chain(struct writer *w, const struct m_conf *conf, int dir, struct lines *lines)
{
	const struct m_chain *chain = &conf->chain[dir];

	fprintf(w->rules, "chain %s {\n\tpolicy %s\n", sl_dir_names[dir],
		sl_verdict_names[chain->policy]);
	w->line += 2;
	for (int i = 0; i < chain->count; i++) {
		lines->line[dir][i] = w->line;
		put_rule(w, &chain->rule[i], i);
	}
	fputs("}\n", w->rules);
	w->line++;
}

char *conf_text(const struct m_conf *conf, struct lines *lines)
{
	char *defines = NULL, *rules = NULL, *text = NULL;
	size_t size;
	struct writer w = { .defines = open_memstream(&defines, &size),
			    .rules = open_memstream(&rules, &size),
			    .line = 1 };

	if (!w.defines || !w.rules)
		abort();
	for (int i = 0; i < conf->ons; i++) {
		const struct m_on *on = &conf->on[i];

		fprintf(w.rules, "on %s %s\n",
			on->is_class ? sl_class_names[on->what] : sl_reason_names[on->what],
			on->drop ? "drop" : "accept");
		w.line++;
	}
	for (int dir = 0; dir < SL_DIR_MAX_; dir++)
		put_chain(&w, conf, dir, lines);
	fclose(w.defines);
	fclose(w.rules);
	/* It does not matter which comes first in the file. */
	if (asprintf(&text, "%s%s", rules, defines) < 0)
		abort();
	free(rules);
	free(defines);
	return text;
}
