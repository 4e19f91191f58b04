/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "event_json.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "dp.h"
#include "app_json.h"
#include "jsontext.h"
#include "names.h"

#define NS 1000000000ULL

static __u64 clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (__u64)now.tv_sec * NS + (__u64)now.tv_nsec;
}

json_t *sl_event_time(__u64 ns)
{
	time_t seconds = (time_t)(ns / NS);
	char text[64];
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(text, sizeof(text), "%FT%T", &tm);
	snprintf(text + used, sizeof(text) - used, ".%06u+0000", (unsigned int)(ns % NS / 1000));
	return json_string(text);
}

static json_t *time_json(__u64 monotonic)
{
	return sl_event_time(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC) + monotonic);
}

static json_t *base64(const unsigned char *bytes, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	_cleanup_free_ char *text = malloc(size / 3 * 4 + 5);
	char *to = text;
	size_t i;

	if (!text)
		return NULL;
	for (i = 0; i < size; i += 3) {
		unsigned int left = (unsigned int)(size - i);
		unsigned int word = (unsigned int)bytes[i] << 16 |
				    (left > 1 ? (unsigned int)bytes[i + 1] << 8 : 0) |
				    (left > 2 ? bytes[i + 2] : 0U);

		*to++ = digits[word >> 18];
		*to++ = digits[word >> 12 & 63];
		*to++ = left > 1 ? digits[word >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[word & 63] : '=';
	}
	*to = '\0';
	return json_string(text);
}

/* 51 bits, the same for both directions. */
static json_int_t flow_id(const struct sl_key *key)
{
	__u64 one = key->l3 == SL_L3_IP4 ? key->addr[0] >> 32 : key->addr[0] * 31 + key->addr[1];
	__u64 two =
		key->l3 == SL_L3_IP4 ? key->addr[0] & 0xffffffff : key->addr[2] * 31 + key->addr[3];
	__u64 proto = key->xport >> SL_XPORT_PROTO_SHIFT & 0xff, hash;

	one = one * 0x9e3779b97f4a7c15ULL + key->sport;
	two = two * 0x9e3779b97f4a7c15ULL + key->dport;
	hash = (one ^ two) + (one + two) * 0xff51afd7ed558ccdULL + proto * 0xc4ceb9fe1a85ec53ULL;
	hash = (hash ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL;
	return (json_int_t)(hash >> 13);
}

static json_t *addr_json(const struct sl_key *key, bool destination)
{
	char text[INET6_ADDRSTRLEN];

	if (key->l3 == SL_L3_IP4) {
		__u32 addr = htonl((__u32)(destination ? key->addr[0] : key->addr[0] >> 32));

		inet_ntop(AF_INET, &addr, text, sizeof(text));
	} else {
		const __u64 *from = key->addr + (destination ? 2 : 0);
		__u64 addr[2] = { htobe64(from[0]), htobe64(from[1]) };

		inet_ntop(AF_INET6, addr, text, sizeof(text));
	}
	return json_string(text);
}

static json_t *proto_json(unsigned int proto)
{
	char text[16];

	switch (proto) {
	case 1:
		return json_string("ICMP");
	case 6:
		return json_string("TCP");
	case 17:
		return json_string("UDP");
	case 58:
		return json_string("IPv6-ICMP");
	case 132:
		return json_string("SCTP");
	default:
		snprintf(text, sizeof(text), "%03u", proto);
		return json_string(text);
	}
}

static void add_ports(json_t *json, const struct sl_key *key)
{
	switch (key->l4) {
	case SL_L4_TCP:
	case SL_L4_UDP:
	case SL_L4_SCTP:
		sl_json_set(json, "src_port", json_integer(key->sport));
		sl_json_set(json, "dest_port", json_integer(key->dport));
		break;
	case SL_L4_ICMP:
		sl_json_set(json, "icmp_type", json_integer(key->sport));
		sl_json_set(json, "icmp_code", json_integer(key->dport));
		break;
	default:
		break;
	}
}

static void add_ip(json_t *json, const struct sl_key *key)
{
	if (key->l3 == SL_L3_OTHER)
		return;
	sl_json_set(json, "src_ip", addr_json(key, false));
	sl_json_set(json, "dest_ip", addr_json(key, true));
	add_ports(json, key);
	sl_json_set(json, "proto", proto_json(key->xport >> SL_XPORT_PROTO_SHIFT & 0xff));
	sl_json_set(json, "ip_v", json_integer(key->l3 == SL_L3_IP4 ? 4 : 6));
}

static void add_vlan(json_t *json, const struct sl_key *key)
{
	unsigned int tags = key->link >> SL_LINK_TAGS_SHIFT & 7;
	json_t *list;

	if (!tags)
		return;
	list = json_array();
	json_array_append_new(list,
			      json_integer((json_int_t)(key->link >> SL_LINK_VLAN_SHIFT & 0xfff)));
	if (tags > 1)
		json_array_append_new(
			list, json_integer((json_int_t)(key->link >> SL_LINK_IVLAN_SHIFT & 0xfff)));
	sl_json_set(json, "vlan", list);
}

static bool blocks(const struct sl_event *event)
{
	return event->action == SL_DROP || event->action == SL_REJECT;
}

static json_t *alert_json(const struct sl_event *event, const char *rule)
{
	json_t *json = json_object();

	sl_json_set(json, "action", json_string(blocks(event) ? "blocked" : "allowed"));
	sl_json_set(json, "gid", json_integer(1));
	sl_json_set(json, "signature_id", json_integer(event->slot));
	sl_json_set(json, "rev", json_integer(1));
	sl_json_set(json, "signature", sl_json_text(rule));
	sl_json_set(json, "category", json_string(""));
	sl_json_set(json, "severity", json_integer(3));
	return json;
}

static json_t *own_json(const struct sl_event *event, const struct sl_rule *rule, const char *name)
{
	json_t *json = json_object();

	sl_json_set(json, "rule", sl_json_text(name));
	if (rule)
		sl_json_set(json, "chain", json_string(sl_dir_names[rule->dir % SL_DIR_MAX_]));
	sl_json_set(json, "verdict",
		    json_string(sl_verdict_names[event->action % SL_VERDICT_MAX_]));
	sl_json_set(json, "hook", json_string(sl_hook_names[event->hook % SL_HOOK_MAX_]));
	if (event->reason)
		sl_json_set(json, "reason",
			    json_string(sl_reason_names[event->reason % SL_REASON_MAX_]));
	if (event->name_length)
		sl_json_set(json, "name", sl_app_name_json(event->name, event->name_length));
	sl_json_set(json, "length", json_integer(event->length));
	if (event->held)
		sl_json_set(json, "held_back", json_integer((json_int_t)event->held));
	return json;
}

json_t *sl_event_json(const struct sl_dp *dp, const struct sl_event *event,
		      const unsigned char *bytes)
{
	const struct sl_rule *rule = sl_dp_rule_by_slot(dp, event->slot);
	const char *name = rule ? sl_dp_at(dp, rule->name) : "";
	json_t *json = json_object();

	sl_json_set(json, "timestamp", time_json(event->time));
	if (event->key.l3 != SL_L3_OTHER)
		sl_json_set(json, "flow_id", json_integer(flow_id(&event->key)));
	sl_json_set(json, "in_iface", sl_json_text(sl_dp_iface_name(dp, event->iface)));
	sl_json_set(json, "event_type", json_string("alert"));
	add_vlan(json, &event->key);
	add_ip(json, &event->key);
	if (event->app)
		sl_json_set(json, "app_proto", sl_app_json(event->app));
	sl_json_set(json, "alert", alert_json(event, name));
	sl_json_set(json, "verdict",
		    json_pack("{s:s}", "action", blocks(event) ? "drop" : "alert"));
	if (event->snap) {
		sl_json_set(json, "packet", base64(bytes, event->snap));
		sl_json_set(json, "packet_info", json_pack("{s:i}", "linktype", 1));
	}
	sl_json_set(json, "sluice", own_json(event, rule, name));
	return json;
}
