// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "replay.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "names.h"
#include "out.h"
#include "request.h"
#include "table.h"
#include "trial.h"

/* Header fields as the rules see them, taken apart again. */
static unsigned int link_field(const struct sl_key *key, int shift, int bits)
{
	return (unsigned int)(key->link >> shift & ((1ULL << bits) - 1));
}

static unsigned int xport_field(const struct sl_key *key, int shift, int bits)
{
	return (unsigned int)(key->xport >> shift & ((1ULL << bits) - 1));
}

static bool has_ports(const struct sl_trace *trace)
{
	return trace->key.l4 == SL_L4_TCP || trace->key.l4 == SL_L4_UDP ||
	       trace->key.l4 == SL_L4_SCTP;
}

/* NULL where the packet has none. */
static const char *address(const struct sl_key *key, bool source, char text[INET6_ADDRSTRLEN])
{
	__be64 words[2];
	__be32 four;

	switch (key->l3) {
	case SL_L3_IP4:
		four = htobe32((__u32)(source ? key->addr[0] >> 32 : key->addr[0]));
		return inet_ntop(AF_INET, &four, text, INET6_ADDRSTRLEN);
	case SL_L3_IP6:
		words[0] = htobe64(key->addr[source ? 0 : 2]);
		words[1] = htobe64(key->addr[source ? 1 : 3]);
		return inet_ntop(AF_INET6, words, text, INET6_ADDRSTRLEN);
	default:
		return NULL;
	}
}

static json_t *int_if(bool known, long long value)
{
	return known ? json_integer(value) : json_null();
}

/* The outer two tags: rules see no more. */
static json_t *json_vlans(const struct sl_key *key)
{
	static const int shifts[] = { SL_LINK_VLAN_SHIFT, SL_LINK_IVLAN_SHIFT };
	unsigned int tags = link_field(key, SL_LINK_TAGS_SHIFT, 3), i;
	json_t *list = json_array();

	for (i = 0; i < tags && i < 2; i++)
		json_array_append_new(list, json_integer(link_field(key, shifts[i], 12)));
	return list;
}

static void add_link(json_t *line, const struct sl_trace *trace)
{
	unsigned int type = link_field(&trace->key, SL_LINK_ETHERTYPE_SHIFT, 16);

	json_object_set_new(line, "ethertype", int_if(type, type));
	json_object_set_new(line, "vlan", json_vlans(&trace->key));
}

static const char *fragment_word(const struct sl_key *key)
{
	switch (xport_field(key, SL_XPORT_FRAG_SHIFT, 2)) {
	case SL_FRAG_FIRST:
		return "first";
	case SL_FRAG_LATER:
		return "later";
	default:
		return NULL;
	}
}

static void add_network(json_t *line, const struct sl_trace *trace)
{
	const struct sl_key *key = &trace->key;
	bool ip = key->l3 != SL_L3_OTHER;
	char text[INET6_ADDRSTRLEN];
	const char *word;

	word = address(key, true, text);
	json_object_set_new(line, "src", word ? json_string(word) : json_null());
	word = address(key, false, text);
	json_object_set_new(line, "dst", word ? json_string(word) : json_null());
	json_object_set_new(line, "proto", int_if(ip, xport_field(key, SL_XPORT_PROTO_SHIFT, 8)));
	json_object_set_new(line, "ttl", int_if(ip, xport_field(key, SL_XPORT_TTL_SHIFT, 8)));
	json_object_set_new(line, "dscp", int_if(ip, xport_field(key, SL_XPORT_DSCP_SHIFT, 6)));
	word = ip ? fragment_word(key) : NULL;
	json_object_set_new(line, "fragment", word ? json_string(word) : json_null());
}

static void add_transport(json_t *line, const struct sl_trace *trace)
{
	const struct sl_key *key = &trace->key;
	bool icmp = key->l4 == SL_L4_ICMP, ports = has_ports(trace);

	json_object_set_new(line, "sport", int_if(ports, key->sport));
	json_object_set_new(line, "dport", int_if(ports, key->dport));
	json_object_set_new(
		line, "tcp_flags",
		int_if(key->l4 == SL_L4_TCP, xport_field(key, SL_XPORT_FLAGS_SHIFT, 8)));
	json_object_set_new(line, "icmp_type", int_if(icmp, key->sport));
	json_object_set_new(line, "icmp_code", int_if(icmp, key->dport));
	json_object_set_new(line, "payload", int_if(trace->payload, trace->payload));
	json_object_set_new(line, "payload_length", int_if(trace->payload, trace->payload_length));
}

/* RFC 3339, UTC, to the nanosecond. */
static const char *time_text(const struct sl_frame *frame, char *text, size_t size)
{
	time_t seconds = (time_t)frame->seconds;
	struct tm tm = {};
	size_t used;

	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	used = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + used, size - used, ".%09uZ", frame->nanoseconds);
	return text;
}

static void add_packet(json_t *line, const struct sl_trace *trace)
{
	add_link(line, trace);
	add_network(line, trace);
	add_transport(line, trace);
}

/* The packet within as if it were one by itself. */
static struct sl_trace trace_of(const struct sl_trace_inner *inner)
{
	return (struct sl_trace) {
		.key = inner->key,
		.network = inner->network,
		.transport = inner->transport,
		.payload = inner->payload,
		.payload_length = inner->payload_length,
	};
}

static json_t *json_inner(const struct sl_trace *trace)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < SL_INNER_DEPTH && trace->inner[i].tunnel; i++) {
		const struct sl_trace_inner *inner = &trace->inner[i];
		const struct sl_trace alone = trace_of(inner);
		const char *reason =
			inner->reason ? sl_reason_names[inner->reason % SL_REASON_MAX_] : NULL;
		json_t *item = json_pack("{s:s, s:o, s:s?}", "tunnel",
					 sl_tunnel_names[inner->tunnel % SL_TUNNEL_MAX_], "id",
					 int_if(inner->has_id, inner->id), "reason", reason);

		add_packet(item, &alone);
		json_array_append_new(list, item);
	}
	return list;
}

/* Where a rule of the configuration asks for flows, and the packet can belong to one. */
static json_t *json_flow(const struct sl_trace *trace)
{
	if (!trace->flow_state)
		return json_null();
	return json_pack("{s:s, s:s}", "state",
			 sl_flow_state_names[trace->flow_state % SL_FLOW_STATE_MAX_], "to",
			 sl_flow_to_names[trace->flow_to % SL_FLOW_TO_MAX_]);
}

void sl_trace_json(json_t *line, const struct sl_trace *trace)
{
	add_packet(line, trace);
	json_object_set_new(line, "inner", json_inner(trace));
	json_object_set_new(line, "flow", json_flow(trace));
}

void sl_replay_print_json(const struct sl_judged *judged)
{
	static const struct sl_trace nothing = {};
	const struct sl_trace *trace = judged->err ? &nothing : &judged->trace;
	const struct sl_frame *frame = judged->frame;
	_cleanup_json_ json_t *line = NULL;
	char when[64];

	line = json_pack(
		"{s:I, s:s, s:I, s:I, s:b, s:s?, s:s, s:s?, s:s?, s:s?, s:s?}", "packet",
		(json_int_t)judged->number, "time", time_text(frame, when, sizeof(when)), "length",
		(json_int_t)frame->length, "captured", (json_int_t)frame->captured, "cut",
		frame->captured < frame->length, "verdict",
		judged->err ? NULL : sl_verdict_names[trace->verdict % SL_VERDICT_MAX_], "chain",
		sl_dir_names[sl_hook_dir(judged->hook)], "rule",
		judged->rule ? judged->rule->name : NULL, "reason",
		trace->reason ? sl_reason_names[trace->reason % SL_REASON_MAX_] : NULL, "blind",
		trace->blind ? sl_reason_names[trace->blind % SL_REASON_MAX_] : NULL, "error",
		judged->error);
	sl_trace_json(line, trace);
	json_object_update(line, judged->app.fields);
	sl_json_line(line);
}

static const char *proto_word(unsigned int proto, char *text, size_t size)
{
	static const char *const words[256] = {
		[1] = "icmp", [2] = "igmp", [6] = "tcp",     [17] = "udp",  [47] = "gre",
		[50] = "esp", [51] = "ah",  [58] = "icmpv6", [89] = "ospf", [132] = "sctp",
	};

	if (words[proto])
		snprintf(text, size, "%s", words[proto]);
	else
		snprintf(text, size, "protocol %u", proto);
	return text;
}

static const char *ethertype_word(unsigned int type, char *text, size_t size)
{
	if (type == 0x806)
		snprintf(text, size, "arp");
	else if (type)
		snprintf(text, size, "ethertype 0x%04x", type);
	else
		snprintf(text, size, "ethernet");
	return text;
}

static void print_ip(const struct sl_trace *trace)
{
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], proto[24];
	const char *fragment = fragment_word(&trace->key);

	address(&trace->key, true, from);
	address(&trace->key, false, to);
	proto_word(xport_field(&trace->key, SL_XPORT_PROTO_SHIFT, 8), proto, sizeof(proto));
	if (has_ports(trace) && trace->transport)
		printf("%s %s port %u > %s port %u", proto, from, trace->key.sport, to,
		       trace->key.dport);
	else
		printf("%s %s > %s", proto, from, to);
	if (fragment)
		printf(", %s fragment", fragment);
}

static void print_vlans(const struct sl_key *key)
{
	unsigned int tags = link_field(key, SL_LINK_TAGS_SHIFT, 3);

	if (tags)
		printf("vlan %u", link_field(key, SL_LINK_VLAN_SHIFT, 12));
	if (tags > 1)
		printf(".%u", link_field(key, SL_LINK_IVLAN_SHIFT, 12));
	if (tags)
		putchar(' ');
}

static void print_packet(const struct sl_trace *trace)
{
	char word[32];

	print_vlans(&trace->key);
	if (trace->key.l3 == SL_L3_OTHER)
		printf("%s", ethertype_word(link_field(&trace->key, SL_LINK_ETHERTYPE_SHIFT, 16),
					    word, sizeof(word)));
	else
		print_ip(trace);
}

void sl_trace_print(const struct sl_trace *trace)
{
	unsigned int i;

	print_packet(trace);
	for (i = 0; i < SL_INNER_DEPTH && trace->inner[i].tunnel; i++) {
		const struct sl_trace_inner *inner = &trace->inner[i];
		const struct sl_trace alone = trace_of(inner);

		printf(" | %s", sl_tunnel_names[inner->tunnel % SL_TUNNEL_MAX_]);
		if (inner->has_id)
			printf(" %u", inner->id);
		if (!inner->start)
			continue;
		printf(": ");
		print_packet(&alone);
	}
}

static double since(const struct sl_frame *frame, const struct sl_frame *first)
{
	return (double)(frame->seconds - first->seconds) +
	       ((double)frame->nanoseconds - (double)first->nanoseconds) / 1e9;
}

void sl_replay_print_text(const struct sl_judged *judged, const struct sl_frame *first)
{
	const struct sl_frame *frame = judged->frame;
	char rule[128];

	printf("%6lu %12.6f  ", judged->number, since(frame, first));
	if (judged->err) {
		printf("%-8s%s\n", "error", judged->error);
		return;
	}
	printf("%-8s%-16s  ", sl_verdict_names[judged->trace.verdict % SL_VERDICT_MAX_],
	       judged->rule ? sl_clean(judged->rule->name, rule, sizeof(rule)) : "-");
	sl_trace_print(&judged->trace);
	printf(", %zu bytes", frame->length);
	if (frame->captured < frame->length)
		printf(", only %zu captured", frame->captured);
	if (judged->trace.flow_state)
		printf(", %s to %s",
		       sl_flow_state_names[judged->trace.flow_state % SL_FLOW_STATE_MAX_],
		       sl_flow_to_names[judged->trace.flow_to % SL_FLOW_TO_MAX_]);
	if (judged->app.text[0])
		printf(", %s", judged->app.text);
	if (judged->trace.reason)
		printf(", %s", sl_reason_names[judged->trace.reason % SL_REASON_MAX_]);
	if (judged->trace.blind)
		printf(", %s", sl_reason_names[judged->trace.blind % SL_REASON_MAX_]);
	putchar('\n');
}
