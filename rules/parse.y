/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * The grammar. It is wider than the language where that makes better messages: what can follow
 * what in a rule, and what a value may be, is for check.c to say. A statement with a syntax error
 * is left out, and the next one is read as if nothing had happened: see sl_lex_skip().
 */
%code requires {
#include "ast.h"
#include "lexer.h"
#include "parser.h"
}

%code {
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "scan.h"

static void yyerror(const struct sl_loc *loc, struct sl_lexer *lexer, const char *message);

/* A place from the start of one to the end of another. */
#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
	do {                                                                                       \
		(current) = (n) ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0);                             \
		if (n)                                                                             \
			(current).end = YYRHSLOC(rhs, n).end;                                      \
		else                                                                               \
			(current).begin = (current).end;                                           \
	} while (0)
}

%define api.pure full
%define api.prefix {sl_yy}
%define api.location.type {struct sl_loc}
%define parse.error custom
%define parse.lac full
%locations
%param {struct sl_lexer *lexer}
%initial-action { @$ = (struct sl_loc){ .source = lexer->source }; }

%union {
	struct sl_atom *atom;
	struct sl_value *value;
	struct sl_values *values;
	struct sl_part *part;
	struct sl_ast_rule *rule;
	enum sl_selector selector;
	enum sl_compare op;
	enum sl_verdict verdict;
	unsigned int depth;
}

%token T_END 0
%token T_NEWLINE T_WORD T_LABEL T_REF T_STRING T_NUMBER T_ADDR T_JUNK
%token T_SET_REF T_AT T_SAMPLE T_HANDLE T_QUANTITY T_MAC
%token T_EQ T_NE T_LE T_GE
%token T_CHAIN T_DEFINE T_GEOIP T_INCLUDE T_INTERFACE T_ON T_POLICY T_PRIORITY T_SET T_TC T_XDP
%token T_COUNTERS T_ELEMENTS T_FILE T_SIZE T_STREAMS T_TIMEOUT
%token T_ACCEPT T_BAN T_COUNT T_DROP T_LIMIT T_LOG T_MARK T_MIRROR T_POP T_PUSH T_REDIRECT T_REJECT T_REPLY
%token T_BURST T_OVER T_PER T_RATE T_SNAP T_WITH
%token T_COUNTRY T_EXTHDR T_FRAME T_IIFNAME T_LENGTH T_MSS T_NETWORK T_OIFNAME T_PAYLOAD T_TRANSPORT
%token T_WINDOW
%token T_CONTAINS T_NOCASE T_OFFSET T_DEPTH
%token T_ARP T_CVLAN T_ETHER T_ETHERTYPE T_ICMP T_ICMPV6 T_IP T_IP6 T_META T_NOT T_PROTO
%token T_L4PROTO T_PROTOCOL T_SCTP T_TCP T_TH T_UDP T_VLAN T_DSCP T_FRAGMENT T_TTL
%token T_FLOW T_FLOWS
%token T_APP T_DNS T_OPCODE T_QTYPE T_QUERY T_RCODE T_RESPONSE
%token T_HOST T_HTTP T_NAME T_QNAME T_SNI T_TLS
%token T_AGENT T_ALPN T_METHOD T_PATH T_QUIC T_SOFTWARE T_SSH T_VERSION
%token T_GENEVE T_GRE T_GTP T_INNER T_KEY T_TEID T_TUNNEL T_VNI T_VXLAN
%token T_DADDR T_DPORT T_FLAGS T_ID T_PCP T_SADDR T_SPORT T_TAGS T_TYPE T_CODE

/* "log 1 in 10" is about the log. */
%precedence LOG
%precedence T_SAMPLE
/* "ip saddr" is one selector, not a bare "ip" and then "saddr". */
%precedence BARE
/* "drop flow" is one verdict. */
%precedence T_SADDR T_DADDR T_CODE T_LENGTH T_PROTO T_PROTOCOL T_DSCP T_TTL T_FLOW

%type <atom> atom flag set_name port_name
%type <value> value simple
%type <values> values list set or flags flag_pair mask concat
%type <part> part match bare statement_part verdict_part place selectors
%type <rule> parts rule
%type <selector> selector bare_selector concat_selector iface_selector
%type <op> op eq
%type <verdict> verdict
%type <depth> inner

%%

file:
  statements T_END
;

statements:
  statement
| statements separator statement
;

separator:
  T_NEWLINE
| ';'
;

newlines:
  %empty
| newlines T_NEWLINE
;

statement:
  %empty
| T_INCLUDE T_STRING {
	if (sl_include(lexer->parser, &@2))
		YYABORT;
}
| T_DEFINE T_WORD '=' values { sl_ast_define(lexer->parser, &@2, $values); }
| T_ON T_WORD verdict { sl_ast_on(lexer->parser, &@2, $verdict); }
| T_GEOIP T_STRING { sl_ast_geoip(lexer->parser, &@2); }
| T_SET T_WORD newlines {
	if (!sl_ast_set(lexer->parser, &@2))
		YYNOMEM;
} '{' set_settings '}'
| T_FLOWS newlines { sl_ast_flows(lexer->parser, &@1); } '{' flow_settings '}'
| T_INTERFACE iface newlines '{' settings '}'
| T_CHAIN T_WORD newlines {
	struct sl_loc loc = { @1.source, @1.begin, @2.end };

	lexer->parser->chain_now = sl_ast_chain(lexer->parser, &@2, &loc);
	if (!lexer->parser->chain_now)
		YYNOMEM;
} '{' items '}'
| error {
	if (lexer->stuck)
		YYABORT;
	if (!lexer->keep)
		yyclearin;
	yyerrok;
}
;

verdict:
  T_ACCEPT { $$ = SL_ACCEPT; }
| T_DROP { $$ = SL_DROP; }
;

/* Interfaces. */

iface:
  T_WORD {
	lexer->parser->iface_now = sl_ast_iface(lexer->parser, &@1, false);
	if (!lexer->parser->iface_now)
		YYNOMEM;
}
| T_STRING {
	lexer->parser->iface_now = sl_ast_iface(lexer->parser, &@1, true);
	if (!lexer->parser->iface_now)
		YYNOMEM;
}
;

settings:
  setting
| settings separator setting
;

setting:
  %empty
| T_XDP T_WORD { sl_ast_iface_xdp(lexer->parser, &@2, NULL); }
| T_XDP T_WORD T_PRIORITY T_NUMBER { sl_ast_iface_xdp(lexer->parser, &@2, &@4); }
| T_TC { sl_ast_iface_tc_begin(lexer->parser, &@1); } directions
| error {
	if (lexer->stuck)
		YYABORT;
	if (!lexer->keep)
		yyclearin;
	yyerrok;
}
;

directions:
  T_WORD { sl_ast_iface_tc(lexer->parser, &@1); }
| directions ',' T_WORD { sl_ast_iface_tc(lexer->parser, &@3); }
;

/* Sets. */

set_settings:
  set_setting
| set_settings separator set_setting
;

set_setting:
  %empty
| T_TYPE { sl_ast_set_type_begin(lexer->parser, &@1); } types
| T_SIZE T_NUMBER { sl_ast_set_size(lexer->parser, &@2); }
| T_SIZE T_QUANTITY { sl_ast_set_size(lexer->parser, &@2); }
| T_TIMEOUT T_NUMBER { sl_ast_set_timeout(lexer->parser, &@2); }
| T_TIMEOUT T_QUANTITY { sl_ast_set_timeout(lexer->parser, &@2); }
| T_COUNTERS { lexer->parser->set_now->counters = true; }
| T_FILE T_STRING { sl_ast_set_file(lexer->parser, &@2); }
| T_ELEMENTS set { sl_ast_set_elements(lexer->parser, $set); }
| T_ELEMENTS '=' set { sl_ast_set_elements(lexer->parser, $set); }
| error {
	if (lexer->stuck)
		YYABORT;
	if (!lexer->keep)
		yyclearin;
	yyerrok;
}
;

types:
  T_WORD { sl_ast_set_type(lexer->parser, &@1); }
| types '.' T_WORD { sl_ast_set_type(lexer->parser, &@3); }
;

/* The flow table. */

flow_settings:
  flow_setting
| flow_settings separator flow_setting
;

flow_setting:
  %empty
| T_SIZE quantity { sl_ast_flows_size(lexer->parser, &@quantity); }
| T_STREAMS quantity { sl_ast_flows_streams(lexer->parser, &@quantity); }
| T_TIMEOUT T_WORD quantity { sl_ast_flows_timeout(lexer->parser, &@2, &@quantity); }
| error {
	if (lexer->stuck)
		YYABORT;
	if (!lexer->keep)
		yyclearin;
	yyerrok;
}
;

quantity:
  T_NUMBER
| T_QUANTITY
;

/* Chains. */

items:
  item
| items separator item
;

item:
  %empty
| T_POLICY verdict { sl_ast_policy(lexer->parser, $verdict, &@$); }
| rule {
	$rule->loc = @rule;
	sl_ast_add_rule(lexer->parser, $rule);
}
| error {
	if (lexer->stuck)
		YYABORT;
	if (!lexer->keep)
		yyclearin;
	yyerrok;
}
;

rule:
  parts
| T_LABEL parts {
	$$ = $parts;
	$$->label_loc = (struct sl_loc){ @1.source, @1.begin, @1.end - 1 };
	$$->label = sl_ast_text(lexer->parser, &$$->label_loc);
	if (!$$->label)
		YYNOMEM;
}
;

parts:
  part {
	$$ = sl_ast_rule(lexer->parser, $part);
	if (!$$)
		YYNOMEM;
}
| parts part {
	$$ = $1;
	$$->last_part->next = $part;
	$$->last_part = $part;
}
;

part:
  match { $match->loc = @match; }
| bare { $bare->loc = @bare; }
| inner match {
	$$ = $match;
	$$->loc = @$;
	$$->depth = (__u8)($inner < 255 ? $inner : 255);
}
| inner bare {
	$$ = $bare;
	$$->loc = @$;
	$$->depth = (__u8)($inner < 255 ? $inner : 255);
}
| statement_part { $$->loc = @1; }
| verdict_part { $$->loc = @1; }
;

/* What follows is about the packet in the packet. */
inner:
  T_INNER { $$ = 1; }
| inner T_INNER { $$ = $1 + 1; }
;

verdict_part:
  verdict %prec BARE {
	$$ = sl_ast_verdict(lexer->parser, $verdict, &@1);
	if (!$$)
		YYNOMEM;
}
| verdict T_FLOW {
	$$ = sl_ast_verdict(lexer->parser, $verdict, &@$);
	if (!$$)
		YYNOMEM;
	$$->arg = SL_FLOW_ALL;
}
| T_REJECT {
	$$ = sl_ast_verdict(lexer->parser, SL_REJECT, &@1);
	if (!$$)
		YYNOMEM;
}
| T_REJECT T_WITH T_TCP T_WORD {
	$$ = sl_ast_verdict(lexer->parser, SL_REJECT, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_reject_tcp(lexer->parser, $$, &@4);
}
| T_REJECT T_WITH reject_icmp type T_WORD {
	$$ = sl_ast_verdict(lexer->parser, SL_REJECT, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_reject_icmp(lexer->parser, $$, &@3, &@5);
}
| T_REPLY T_WORD {
	$$ = sl_ast_verdict(lexer->parser, SL_REJECT, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_reply(lexer->parser, $$, &@2, NULL);
}
| T_REPLY T_WORD T_ADDR {
	$$ = sl_ast_verdict(lexer->parser, SL_REJECT, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_reply(lexer->parser, $$, &@2, &@3);
}
| T_REDIRECT port_name {
	$$ = sl_ast_verdict(lexer->parser, SL_REDIRECT, &@1);
	if (!$$)
		YYNOMEM;
	$$->name = $port_name;
}
;

reject_icmp:
  T_ICMP
| T_ICMPV6
| T_WORD
;

type:
  %empty
| T_TYPE
;

port_name:
  T_WORD {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_WORD, &@1);
	if (!$$)
		YYNOMEM;
}
| T_STRING {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_STRING, &@1);
	if (!$$)
		YYNOMEM;
}
;

/* Statements, and the matches that are no facts of the packet. */

statement_part:
  T_COUNT {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_MAX_, &@1);
	if (!$$)
		YYNOMEM;
	$$->counts = true;
}
| T_SAMPLE T_NUMBER {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_SAMPLE, &@1);
	if (!$$)
		YYNOMEM;
	$$->stmt.number = sl_ast_sample(lexer->parser, &@1, &@2);
}
| T_LIMIT {
	if (!sl_ast_stmt(lexer->parser, SL_OP_LIMIT, &@1))
		YYNOMEM;
} over limit_rate limit_options {
	$$ = lexer->parser->stmt_now;
	sl_ast_limit_end(lexer->parser);
}
| T_LOG {
	if (!sl_ast_stmt(lexer->parser, SL_OP_LOG, &@1))
		YYNOMEM;
	lexer->parser->stmt_now->stmt.log.sample = 1;
} log_options %prec LOG {
	$$ = lexer->parser->stmt_now;
	sl_ast_log_end(lexer->parser);
}
| mark T_SET T_NUMBER {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_MARK, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_mark(lexer->parser, &@3, NULL);
}
| mark T_SET T_NUMBER '/' T_NUMBER[mask] {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_MARK, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_mark(lexer->parser, &@3, &@mask);
}
| priority T_SET T_NUMBER {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_PRIORITY, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_mark(lexer->parser, &@3, NULL);
}
| priority T_SET T_HANDLE {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_PRIORITY, &@1);
	if (!$$)
		YYNOMEM;
	sl_ast_handle(lexer->parser, &@3);
}
| T_SET selector value {
	$$ = sl_ast_set_field(lexer->parser, $selector, &@selector, $value);
	if (!$$)
		YYNOMEM;
}
| T_SET T_MSS value {
	$$ = sl_ast_set_field(lexer->parser, SL_SEL_TCP_MSS, &@2, $value);
	if (!$$)
		YYNOMEM;
}
| T_SET place value {
	$$ = sl_ast_set_bytes(lexer->parser, $place, NULL, $value);
	if (!$$)
		YYNOMEM;
}
| T_SET place '&' mask value {
	$$ = sl_ast_set_bytes(lexer->parser, $place, $mask, $value);
	if (!$$)
		YYNOMEM;
}
| T_PUSH T_VLAN T_ID T_NUMBER {
	$$ = sl_ast_push_vlan(lexer->parser, &@1, &@4, NULL);
	if (!$$)
		YYNOMEM;
}
| T_PUSH T_VLAN T_ID T_NUMBER T_PCP T_NUMBER[pcp] {
	$$ = sl_ast_push_vlan(lexer->parser, &@1, &@4, &@pcp);
	if (!$$)
		YYNOMEM;
}
| T_POP T_VLAN {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_SET_VLAN, &@1);
	if (!$$)
		YYNOMEM;
	$$->stmt.vlan.change = SL_VLAN_POP;
}
| T_BAN set_name {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_BAN, &@1);
	if (!$$)
		YYNOMEM;
	$$->name = $set_name;
}
| T_BAN selectors set_name {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_BAN, &@1);
	if (!$$)
		YYNOMEM;
	$$->selectors = $selectors;
	$$->name = $set_name;
}
| T_MIRROR port_name {
	$$ = sl_ast_stmt(lexer->parser, SL_OP_MIRROR, &@1);
	if (!$$)
		YYNOMEM;
	$$->name = $port_name;
}
;

set_name:
  T_SET_REF {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_WORD,
			 &(struct sl_loc){ @1.source, @1.begin + 1, @1.end });
	if (!$$)
		YYNOMEM;
}
;

mark:
  T_MARK
| T_META T_MARK
;

priority:
  T_PRIORITY
| T_META T_PRIORITY
;

over:
  %empty
| T_RATE
| T_OVER { lexer->parser->stmt_now->stmt.limit.over = true; }
| T_RATE T_OVER { lexer->parser->stmt_now->stmt.limit.over = true; }
;

limit_rate:
  T_NUMBER '/' T_WORD { sl_ast_limit_rate(lexer->parser, &@1, NULL, &@3); }
| T_NUMBER T_WORD[unit] '/' T_WORD { sl_ast_limit_rate(lexer->parser, &@1, &@unit, &@4); }
;

limit_options:
  %empty
| limit_options T_BURST T_NUMBER { sl_ast_limit_burst(lexer->parser, &@3, NULL); }
| limit_options T_BURST T_NUMBER T_WORD { sl_ast_limit_burst(lexer->parser, &@3, &@4); }
| limit_options T_PER limit_per { sl_ast_limit_per(lexer->parser, &@3); }
;

limit_per:
  T_SADDR
| T_FLOW
| T_DADDR
| T_WORD
;

log_options:
  %empty
| log_options T_RATE T_NUMBER '/' T_WORD { sl_ast_log_rate(lexer->parser, &@3, &@5); }
| log_options T_BURST T_NUMBER { sl_ast_log_burst(lexer->parser, &@3); }
| log_options T_SNAP T_NUMBER { sl_ast_log_snap(lexer->parser, &@3); }
| log_options T_SAMPLE T_NUMBER { sl_ast_log_sample(lexer->parser, &@2, &@3); }
;

/* Protocols by their names alone: the selector says what is looked at. */

bare:
  bare_selector {
	$$ = sl_ast_part(lexer->parser, SL_AST_BARE, $1, &@1);
	if (!$$)
		YYNOMEM;
}
| T_NOT bare_selector {
	$$ = sl_ast_part(lexer->parser, SL_AST_BARE, $2, &@2);
	if (!$$)
		YYNOMEM;
	$$->op = SL_CMP_NE;
}
;

bare_selector:
  T_IP %prec BARE { $$ = SL_SEL_ETHERTYPE; }
| T_IP6 %prec BARE { $$ = SL_SEL_ETHERTYPE; }
| T_ARP { $$ = SL_SEL_ETHERTYPE; }
| T_TCP { $$ = SL_SEL_PROTO; }
| T_UDP %prec BARE { $$ = SL_SEL_PROTO; }
| T_SCTP { $$ = SL_SEL_PROTO; }
| T_ICMP %prec BARE { $$ = SL_SEL_PROTO; }
| T_ICMPV6 %prec BARE { $$ = SL_SEL_PROTO; }
| T_VLAN { $$ = SL_SEL_VLAN_TAGS; }
| T_CVLAN { $$ = SL_SEL_VLAN_TAGS; }
;

/* Matches. */

selector:
  T_ETHERTYPE { $$ = SL_SEL_ETHERTYPE; }
| T_ETHER T_TYPE { $$ = SL_SEL_ETHERTYPE; }
| T_META T_PROTOCOL { $$ = SL_SEL_ETHERTYPE; }
| T_VLAN T_ID { $$ = SL_SEL_VLAN_ID; }
| T_VLAN T_PCP { $$ = SL_SEL_VLAN_PCP; }
| T_VLAN T_TAGS { $$ = SL_SEL_VLAN_TAGS; }
| T_CVLAN T_ID { $$ = SL_SEL_CVLAN_ID; }
| T_CVLAN T_PCP { $$ = SL_SEL_CVLAN_PCP; }
| T_SADDR { $$ = SL_SEL_SADDR; }
| T_DADDR { $$ = SL_SEL_DADDR; }
| T_IP T_SADDR { $$ = SL_SEL_IP_SADDR; }
| T_IP T_DADDR { $$ = SL_SEL_IP_DADDR; }
| T_IP6 T_SADDR { $$ = SL_SEL_IP6_SADDR; }
| T_IP6 T_DADDR { $$ = SL_SEL_IP6_DADDR; }
| T_PROTO { $$ = SL_SEL_PROTO; }
| T_PROTOCOL { $$ = SL_SEL_PROTO; }
| T_META T_L4PROTO { $$ = SL_SEL_PROTO; }
| T_IP T_PROTOCOL { $$ = SL_SEL_IP_PROTO; }
| T_IP6 T_PROTO { $$ = SL_SEL_IP6_PROTO; }
| T_TCP T_SPORT { $$ = SL_SEL_TCP_SPORT; }
| T_TCP T_DPORT { $$ = SL_SEL_TCP_DPORT; }
| T_UDP T_SPORT { $$ = SL_SEL_UDP_SPORT; }
| T_UDP T_DPORT { $$ = SL_SEL_UDP_DPORT; }
| T_SCTP T_SPORT { $$ = SL_SEL_SCTP_SPORT; }
| T_SCTP T_DPORT { $$ = SL_SEL_SCTP_DPORT; }
| T_TH T_SPORT { $$ = SL_SEL_TH_SPORT; }
| T_TH T_DPORT { $$ = SL_SEL_TH_DPORT; }
| T_ICMP T_TYPE { $$ = SL_SEL_ICMP_TYPE; }
| T_ICMP T_CODE { $$ = SL_SEL_ICMP_CODE; }
| T_ICMPV6 T_TYPE { $$ = SL_SEL_ICMP6_TYPE; }
| T_ICMPV6 T_CODE { $$ = SL_SEL_ICMP6_CODE; }
| T_CODE { $$ = SL_SEL_CODE; }
| T_FRAGMENT { $$ = SL_SEL_FRAGMENT; }
| T_DSCP { $$ = SL_SEL_DSCP; }
| T_TTL { $$ = SL_SEL_TTL; }
| T_IP T_DSCP { $$ = SL_SEL_IP_DSCP; }
| T_IP6 T_DSCP { $$ = SL_SEL_IP6_DSCP; }
| T_IP T_TTL { $$ = SL_SEL_IP_TTL; }
| T_IP6 T_TTL { $$ = SL_SEL_IP6_TTL; }
| T_ETHER T_SADDR { $$ = SL_SEL_ETHER_SADDR; }
| T_ETHER T_DADDR { $$ = SL_SEL_ETHER_DADDR; }
| T_TCP T_WINDOW { $$ = SL_SEL_TCP_WINDOW; }
| T_TCP T_MSS { $$ = SL_SEL_TCP_MSS; }
| T_UDP T_LENGTH { $$ = SL_SEL_UDP_LENGTH; }
| T_LENGTH { $$ = SL_SEL_LENGTH; }
| T_FRAME T_LENGTH { $$ = SL_SEL_LENGTH; }
| T_META T_LENGTH { $$ = SL_SEL_LENGTH; }
| T_IP T_LENGTH { $$ = SL_SEL_IP_LENGTH; }
| T_IP6 T_LENGTH { $$ = SL_SEL_IP6_LENGTH; }
| T_PAYLOAD T_LENGTH { $$ = SL_SEL_PAYLOAD_LENGTH; }
| T_APP { $$ = SL_SEL_APP; }
| T_DNS T_QTYPE { $$ = SL_SEL_DNS_QTYPE; }
| T_DNS T_OPCODE { $$ = SL_SEL_DNS_OPCODE; }
| T_DNS T_RCODE { $$ = SL_SEL_DNS_RCODE; }
| T_DNS T_QNAME { $$ = SL_SEL_DNS_QNAME; }
| T_TLS T_SNI { $$ = SL_SEL_TLS_SNI; }
| T_HTTP T_HOST { $$ = SL_SEL_HTTP_HOST; }
| T_TLS T_VERSION { $$ = SL_SEL_TLS_VERSION; }
| T_TLS T_ALPN { $$ = SL_SEL_TLS_ALPN; }
| T_HTTP T_METHOD { $$ = SL_SEL_HTTP_METHOD; }
| T_HTTP T_PATH { $$ = SL_SEL_HTTP_PATH; }
| T_HTTP T_AGENT { $$ = SL_SEL_HTTP_AGENT; }
| T_SSH T_SOFTWARE { $$ = SL_SEL_SSH_SOFTWARE; }
| T_QUIC T_VERSION { $$ = SL_SEL_QUIC_VERSION; }
| T_QUIC T_TYPE { $$ = SL_SEL_QUIC_TYPE; }
| T_TUNNEL { $$ = SL_SEL_TUNNEL; }
| T_VXLAN T_VNI { $$ = SL_SEL_VXLAN_VNI; }
| T_GENEVE T_VNI { $$ = SL_SEL_GENEVE_VNI; }
| T_GRE T_KEY { $$ = SL_SEL_GRE_KEY; }
| T_GTP T_TEID { $$ = SL_SEL_GTP_TEID; }
;

iface_selector:
  T_IIFNAME { $$ = SL_SEL_IIFNAME; }
| T_OIFNAME { $$ = SL_SEL_OIFNAME; }
| T_META T_IIFNAME { $$ = SL_SEL_IIFNAME; }
| T_META T_OIFNAME { $$ = SL_SEL_OIFNAME; }
;

/* Behind the first selector of a concatenation, ports may do without their protocol. */
concat_selector:
  selector
| T_SPORT { $$ = SL_SEL_TH_SPORT; }
| T_DPORT { $$ = SL_SEL_TH_DPORT; }
;

selectors:
  selector {
	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, $selector, &@1);
	if (!$$)
		YYNOMEM;
}
| selectors '.' concat_selector {
	$$ = $1;
	if (sl_ast_selector(lexer->parser, $$, $concat_selector, &@3))
		YYNOMEM;
}
;

place:
  base T_AT ',' T_NUMBER {
	$$ = sl_ast_place(lexer->parser, &@1, &@2, &@4);
	if (!$$)
		YYNOMEM;
}
;

base:
  T_FRAME
| T_NETWORK
| T_TRANSPORT
| T_PAYLOAD
;

match:
  selectors op values {
	$$ = sl_ast_match(lexer->parser, $selectors, &@selectors);
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	$$->values = $values;
}
| iface_selector op values {
	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, $iface_selector, &@1);
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	$$->values = $values;
}
| selector T_COUNTRY op values {
	$$ = sl_ast_part(lexer->parser, SL_AST_COUNTRY, $selector, &@1);
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	$$->values = $values;
}
| T_PAYLOAD T_CONTAINS op values {
	if (!sl_ast_contains(lexer->parser, $op, $values,
			     &(struct sl_loc){ @1.source, @1.begin, @2.end }))
		YYNOMEM;
} contains_options {
	$$ = lexer->parser->contains_now;
}
| T_FLOW T_WORD op values {
	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, SL_SEL_FLOW_STATE,
			 &(struct sl_loc){ @1.source, @1.begin, @2.end });
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	$$->values = $values;
	sl_ast_flow(lexer->parser, $$, &@2);
}
| T_FLOW T_WORD op T_QUANTITY[amount] {
	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, SL_SEL_FLOW_STATE,
			 &(struct sl_loc){ @1.source, @1.begin, @2.end });
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	sl_ast_flow(lexer->parser, $$, &@2);
	if (sl_ast_flow_amount(lexer->parser, $$, &@amount))
		YYNOMEM;
}
| T_DNS dns_kind {
	struct sl_atom *kind = sl_ast_atom(lexer->parser, SL_ATOM_WORD, &@2);

	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, SL_SEL_DNS, &@$);
	if (!kind || !$$)
		YYNOMEM;
	$$->values = sl_ast_atoms(lexer->parser, kind, NULL, &@2);
	if (!$$->values)
		YYNOMEM;
}
| T_EXTHDR T_WORD[name] T_WORD[state] {
	$$ = sl_ast_exthdr(lexer->parser, &@1, &@name, &@state);
	if (!$$)
		YYNOMEM;
}
| place op values {
	$$ = $place;
	$$->op = $op;
	$$->values = $values;
}
| place '&' mask op values {
	$$ = $place;
	$$->op = $op;
	$$->mask = $mask;
	$$->values = $values;
}
| T_TCP T_FLAGS op values {
	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, SL_SEL_TCP_FLAGS,
			 &(struct sl_loc){ @1.source, @1.begin, @2.end });
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	$$->values = $values;
}
/* nft's "syn,ack": any of them. */
| T_TCP T_FLAGS op flag_pair {
	struct sl_value *value =
		sl_ast_joined(lexer->parser, SL_VALUE_OR, $flag_pair, &@flag_pair);

	$$ = sl_ast_part(lexer->parser, SL_AST_MATCH, SL_SEL_TCP_FLAGS,
			 &(struct sl_loc){ @1.source, @1.begin, @2.end });
	$$->values = sl_ast_values(lexer->parser, &@flag_pair);
	if (!value || !$$ || !$$->values)
		YYNOMEM;
	sl_ast_append($$->values, value);
	$$->op = $op;
}
/* nft's "syn / syn,ack": of the flags after the slash, just those before it. */
| T_TCP T_FLAGS op flags '/' flags[over] {
	$$ = sl_ast_part(lexer->parser, SL_AST_MASK, SL_SEL_TCP_FLAGS,
			 &(struct sl_loc){ @1.source, @1.begin, @2.end });
	if (!$$)
		YYNOMEM;
	$$->op = $op;
	$$->values = $4;
	$$->mask = $over;
}
| T_TCP T_FLAGS '&' mask eq mask[value] {
	$$ = sl_ast_part(lexer->parser, SL_AST_MASK, SL_SEL_TCP_FLAGS,
			 &(struct sl_loc){ @1.source, @1.begin, @2.end });
	if (!$$)
		YYNOMEM;
	$$->op = $eq;
	$$->mask = $4;
	$$->values = $value;
}
;

contains_options:
  %empty
| contains_options T_NOCASE { sl_ast_contains_nocase(lexer->parser); }
| contains_options T_OFFSET T_NUMBER { sl_ast_contains_offset(lexer->parser, &@3); }
| contains_options T_DEPTH T_NUMBER { sl_ast_contains_depth(lexer->parser, &@3); }
;

dns_kind:
  T_QUERY
| T_RESPONSE
;

op:
  %empty { $$ = SL_CMP_NONE; }
| eq
| '<' { $$ = SL_CMP_LT; }
| '>' { $$ = SL_CMP_GT; }
| T_LE { $$ = SL_CMP_LE; }
| T_GE { $$ = SL_CMP_GE; }
;

eq:
  T_EQ { $$ = SL_CMP_EQ; }
| T_NE { $$ = SL_CMP_NE; }
;

/* Values. */

values:
  value {
	$$ = sl_ast_values(lexer->parser, &@$);
	if (!$$)
		YYNOMEM;
	sl_ast_append($$, $value);
}
| set
;

set:
  '{' newlines '}' {
	$$ = sl_ast_values(lexer->parser, &@$);
	if (!$$)
		YYNOMEM;
	$$->braces = true;
}
| '{' newlines list newlines '}' {
	$$ = $list;
	$$->loc = @$;
}
| '{' newlines list newlines ',' newlines '}' {
	$$ = $list;
	$$->loc = @$;
}
;

list:
  value {
	$$ = sl_ast_values(lexer->parser, &@$);
	if (!$$)
		YYNOMEM;
	$$->braces = true;
	sl_ast_append($$, $value);
}
| list newlines ',' newlines value {
	$$ = $1;
	sl_ast_append($$, $value);
}
;

value:
  simple
| concat {
	$$ = sl_ast_joined(lexer->parser, SL_VALUE_CONCAT, $concat, &@$);
	if (!$$)
		YYNOMEM;
}
| or {
	$$ = sl_ast_joined(lexer->parser, SL_VALUE_OR, $or, &@$);
	if (!$$)
		YYNOMEM;
}
| '(' or ')' {
	$$ = sl_ast_joined(lexer->parser, SL_VALUE_OR, $or, &@$);
	if (!$$)
		YYNOMEM;
}
;

simple:
  atom {
	$$ = sl_ast_value(lexer->parser, SL_VALUE_ATOM, $atom, NULL, &@$);
	if (!$$)
		YYNOMEM;
}
| atom '-' atom[high] {
	$$ = sl_ast_value(lexer->parser, SL_VALUE_RANGE, $1, $high, &@$);
	if (!$$)
		YYNOMEM;
}
| T_ADDR '/' T_NUMBER {
	struct sl_atom *low = sl_ast_addr(lexer->parser, &@1);
	struct sl_atom *high = sl_ast_atom(lexer->parser, SL_ATOM_NUMBER, &@3);

	if (!low || !high)
		YYNOMEM;
	$$ = sl_ast_value(lexer->parser, SL_VALUE_PREFIX, low, high, &@$);
	if (!$$)
		YYNOMEM;
}
| T_REF {
	struct sl_loc name = { @1.source, @1.begin + 1, @1.end };
	struct sl_atom *low = sl_ast_atom(lexer->parser, SL_ATOM_WORD, &name);

	if (!low)
		YYNOMEM;
	$$ = sl_ast_value(lexer->parser, SL_VALUE_REF, low, NULL, &@$);
	if (!$$)
		YYNOMEM;
}
| set_name {
	$$ = sl_ast_value(lexer->parser, SL_VALUE_SET, $set_name, NULL, &@$);
	if (!$$)
		YYNOMEM;
}
;

/* At least two, with dots between them. */
concat:
  simple '.' simple[next] {
	$$ = sl_ast_values(lexer->parser, &@$);
	if (!$$)
		YYNOMEM;
	sl_ast_append($$, $1);
	sl_ast_append($$, $next);
}
| concat '.' simple {
	$$ = $1;
	sl_ast_append($$, $simple);
}
;

/* At least two, with bars between them. */
or:
  atom '|' atom[next] {
	$$ = sl_ast_atoms(lexer->parser, $1, $next, &@$);
	if (!$$)
		YYNOMEM;
}
| or '|' atom {
	$$ = $1;
	if (sl_ast_append_atom(lexer->parser, $$, $atom))
		YYNOMEM;
}
;

mask:
  value {
	$$ = sl_ast_values(lexer->parser, &@$);
	if (!$$)
		YYNOMEM;
	sl_ast_append($$, $value);
}
| '(' atom ')' {
	$$ = sl_ast_atoms(lexer->parser, $atom, NULL, &@$);
	if (!$$)
		YYNOMEM;
}
;

flags:
  flag {
	$$ = sl_ast_atoms(lexer->parser, $flag, NULL, &@$);
	if (!$$)
		YYNOMEM;
}
| flag_pair
;

flag_pair:
  flag ',' flag[next] {
	$$ = sl_ast_atoms(lexer->parser, $1, $next, &@$);
	if (!$$)
		YYNOMEM;
}
| flag_pair ',' flag {
	$$ = $1;
	$$->loc = @$;
	if (sl_ast_append_atom(lexer->parser, $$, $flag))
		YYNOMEM;
}
;

flag:
  T_WORD {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_WORD, &@1);
	if (!$$)
		YYNOMEM;
}
| T_NUMBER {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_NUMBER, &@1);
	if (!$$)
		YYNOMEM;
}
;

atom:
  T_NUMBER {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_NUMBER, &@1);
	if (!$$)
		YYNOMEM;
}
| T_ADDR {
	$$ = sl_ast_addr(lexer->parser, &@1);
	if (!$$)
		YYNOMEM;
}
| T_MAC {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_MAC, &@1);
	if (!$$)
		YYNOMEM;
}
| T_STRING {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_STRING, &@1);
	if (!$$)
		YYNOMEM;
}
| word {
	$$ = sl_ast_atom(lexer->parser, SL_ATOM_WORD, &@1);
	if (!$$)
		YYNOMEM;
}
;

/* Names of protocols and services, and of an ICMP type, are keywords, but good values as well. */
word:
  T_WORD
| T_NAME
| T_ARP
| T_DNS
| T_GENEVE
| T_GRE
| T_GTP
| T_HOST
| T_HTTP
| T_ICMP
| T_ICMPV6
| T_IP
| T_IP6
| T_QUERY
| T_QUIC
| T_REDIRECT
| T_SCTP
| T_SSH
| T_TCP
| T_TLS
| T_UDP
| T_VLAN
| T_VXLAN
;

%%

static void yyerror(const struct sl_loc *loc, struct sl_lexer *lexer, const char *message)
{
	/* Only called when memory is exhausted: all else goes to yyreport_syntax_error(). */
	lexer->parser->err = -ENOMEM;
}

static int token_of(yysymbol_kind_t symbol)
{
	int token;

	for (token = 0; token <= YYMAXUTOK; token++) {
		if (YYTRANSLATE(token) == symbol)
			return token;
	}
	return SL_YYUNDEF;
}

static int yyreport_syntax_error(const yypcontext_t *context, struct sl_lexer *lexer)
{
	yysymbol_kind_t symbols[YYNTOKENS];
	int tokens[YYNTOKENS], i, count;
	struct sl_syntax_error error = {
		.token = token_of(yypcontext_token(context)),
		.loc = *yypcontext_location(context),
		.expected = tokens,
	};

	_Static_assert(YYNTOKENS <= SL_SYNTAX_EXPECTED_MAX, "room for all tokens");
	count = yypcontext_expected_tokens(context, symbols, YYNTOKENS);
	if (count < 0)
		return 2;
	for (i = 0; i < count; i++)
		tokens[i] = token_of(symbols[i]);
	error.nexpected = (size_t)count;
	sl_syntax_error(lexer, &error);
	sl_lex_skip(lexer, error.token, &error.loc);
	return 0;
}

int sl_parse_source(struct sl_parser *p, struct sl_source *source)
{
	struct sl_lexer lexer = { .parser = p, .source = source, .last = T_NEWLINE,
				  .returned = T_NEWLINE };

	/* A byte order mark says nothing more than that this is UTF-8. */
	if (source->length >= 3 && !memcmp(source->text, "\xef\xbb\xbf", 3))
		lexer.position = 3;
	if (sl_scan_open(&lexer))
		return p->err = -ENOMEM;
	/* Errors are in diag, and lack of memory in err. */
	sl_yyparse(&lexer);
	sl_scan_close(&lexer);
	return p->err;
}
