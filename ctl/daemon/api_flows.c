/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* The flow table: what is in it, and flows ended. */

#include "api.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app_json.h"
#include "daemon.h"
#include "jsontext.h"
#include "names.h"

#define LIMIT	  1000
#define LIMIT_MAX 100000

#define ICMP  1
#define ICMP6 58

static const struct {
	const char *name;
	__u8 number;
} protos[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "icmp", ICMP }, { "icmpv6", ICMP6 }, { "sctp", 132 }
};

#define NPROTOS (sizeof(protos) / sizeof(*protos))

static __u64 big_endian(const unsigned char *bytes, size_t count)
{
	__u64 value = 0;

	while (count--)
		value = value << 8 | *bytes++;
	return value;
}

static int get_addr(const json_t *body, struct sl_dp_flow_filter *filter, json_t **reply)
{
	const json_t *value = json_object_get(body, "addr");
	const char *text = json_string_value(value) ?: "", *slash = strchr(text, '/');
	unsigned char bytes[16];
	char addr[64], *end = NULL;
	unsigned long bits = 0;
	size_t length = slash ? (size_t)(slash - text) : strlen(text);

	if (!value)
		return 0;
	if (slash)
		bits = strtoul(slash + 1, &end, 10);
	if (length < sizeof(addr)) {
		memcpy(addr, text, length);
		addr[length] = '\0';
		if (inet_pton(AF_INET, addr, bytes) == 1) {
			filter->l3 = SL_L3_IP4;
			filter->addr[1] = big_endian(bytes, 4);
			filter->bits = slash ? (__u8)bits : 32;
		} else if (inet_pton(AF_INET6, addr, bytes) == 1) {
			filter->l3 = SL_L3_IP6;
			filter->addr[0] = big_endian(bytes, 8);
			filter->addr[1] = big_endian(bytes + 8, 8);
			filter->bits = slash ? (__u8)bits : 128;
		}
	}
	if (filter->l3 == SL_L3_OTHER || (slash && (end == slash + 1 || *end)) ||
	    bits > (filter->l3 == SL_L3_IP4 ? 32U : 128U))
		return sl_json_error(reply, 400, "body: \"addr\" is no address and no prefix");
	return 0;
}

static int get_port(const json_t *body, struct sl_dp_flow_filter *filter, json_t **reply)
{
	const json_t *value = json_object_get(body, "port");
	json_int_t port = json_integer_value(value);

	if (!value)
		return 0;
	if (!json_is_integer(value) || port < 0 || port > 65535)
		return sl_json_error(reply, 400, "body: \"port\" is not 0 to 65535");
	filter->has_port = true;
	filter->port = (__u16)port;
	return 0;
}

static int get_proto(const json_t *body, struct sl_dp_flow_filter *filter, json_t **reply)
{
	const json_t *value = json_object_get(body, "proto");
	const char *word = json_string_value(value);
	json_int_t number = json_integer_value(value);
	size_t i = 0;

	if (!value)
		return 0;
	while (word && i < NPROTOS && strcmp(word, protos[i].name) != 0)
		i++;
	if (word ? i == NPROTOS : !json_is_integer(value) || number < 0 || number > 255)
		return sl_json_error(
			reply, 400,
			"body: \"proto\" is not tcp, udp, icmp, icmpv6, sctp or 0 to 255");
	filter->has_proto = true;
	filter->proto = word ? protos[i].number : (__u8)number;
	return 0;
}

/* The place of a word among names from the first on; 0 when there is none in the body. */
static int get_word(const json_t *body, const char *key, const char *const *names, int first,
		    int count, __u8 *out, json_t **reply)
{
	const json_t *value = json_object_get(body, key);
	const char *word = json_string_value(value) ?: "";
	int i = first;

	if (!value)
		return 0;
	while (i < count && strcmp(word, names[i]) != 0)
		i++;
	if (i == count)
		return sl_json_error(reply, 400, "body: \"%s\" is none that flows have", key);
	*out = (__u8)i;
	return 0;
}

static int get_filter(const struct sl_daemon *daemon, const json_t *body,
		      struct sl_dp_flow_filter *filter, json_t **reply)
{
	int status;

	if (!sl_dp_started(daemon->dp))
		return sl_json_error(reply, 409, "the data path is empty: nothing is attached");
	status = get_addr(body, filter, reply);
	if (!status)
		status = get_port(body, filter, reply);
	if (!status)
		status = get_proto(body, filter, reply);
	if (!status)
		status = get_word(body, "state", sl_flow_state_names, SL_FLOW_NEW, SL_FLOW_RELATED,
				  &filter->state, reply);
	if (!status)
		status = get_word(body, "verdict", sl_verdict_names, SL_ACCEPT, SL_DROP + 1,
				  &filter->verdict, reply);
	return status;
}

/* --- a flow as JSON --- */

static json_t *addr_json(const struct sl_flow_key *key, unsigned int side)
{
	bool six = SL_FLOW_L3(key->rest) == SL_L3_IP6;
	unsigned char bytes[16];
	__u64 words[2] = { key->addr[2UL * side], key->addr[2UL * side + 1] };
	__u32 addr4 = (__u32)(side ? key->addr[0] : key->addr[0] >> 32);
	char text[INET6_ADDRSTRLEN] = "";
	int i;

	for (i = 0; i < 16; i++)
		bytes[i] = (unsigned char)(six ? words[i / 8] >> 8 * (7 - i % 8)
					       : addr4 >> 8 * (3 - i % 4));
	inet_ntop(six ? AF_INET6 : AF_INET, bytes, text, sizeof(text));
	return json_string(text);
}

static json_t *side_json(const struct sl_dp_flow *flow, unsigned int side)
{
	json_t *json = json_object();
	__u8 proto = SL_FLOW_PROTO(flow->key.rest);

	sl_json_set(json, "addr", addr_json(&flow->key, side));
	if (proto == 6 || proto == 17 || proto == 132)
		sl_json_set(json, "port", json_integer(SL_FLOW_PORT(flow->key.rest, side)));
	sl_json_set(json, "packets", json_integer((json_int_t)flow->count[side].packets));
	sl_json_set(json, "bytes", json_integer((json_int_t)flow->count[side].bytes));
	return json;
}

static json_t *proto_json(__u8 proto)
{
	size_t i;

	for (i = 0; i < NPROTOS; i++)
		if (protos[i].number == proto)
			return json_string(protos[i].name);
	return json_integer(proto);
}

static json_t *verdict_json(const struct sl_daemon *daemon, __u32 said)
{
	const struct sl_rule *rule = sl_dp_rule_by_slot(daemon->dp, SL_FLOW_SLOT(said));
	json_t *json;

	if (!said)
		return json_null();
	json = json_pack("{s:s}", "verdict", sl_verdict_names[(__u8)said % SL_VERDICT_MAX_]);
	sl_json_set(json, "chain", rule ? json_string(sl_dir_names[rule->dir]) : NULL);
	sl_json_set(json, "rule", rule ? sl_json_text(sl_dp_at(daemon->dp, rule->name)) : NULL);
	return json;
}

static json_t *time_json(double now, __u64 ago_ms)
{
	return json_real(now - (double)ago_ms / 1000);
}

struct listing {
	const struct sl_daemon *daemon;
	json_t *list;
	json_int_t limit;
	double now;
	bool more;
};

static int list_flow(void *arg, const struct sl_dp_flow *flow)
{
	struct listing *listing = arg;
	__u8 proto = SL_FLOW_PROTO(flow->key.rest);
	unsigned int client = flow->client & 1;
	json_t *json;

	if ((json_int_t)json_array_size(listing->list) == listing->limit) {
		listing->more = true;
		return 1;
	}
	json = json_object();
	sl_json_set(json, "proto", proto_json(proto));
	if (proto == ICMP || proto == ICMP6)
		sl_json_set(json, "id", json_integer(SL_FLOW_PORT(flow->key.rest, 0)));
	sl_json_set(json, "client", side_json(flow, client));
	sl_json_set(json, "server", side_json(flow, !client));
	sl_json_set(
		json, "state",
		json_string(sl_flow_state_names[SL_FLOW_STATE(flow->state) % SL_FLOW_STATE_MAX_]));
	sl_json_set(json, "app", sl_app_json(flow->app.app));
	sl_json_set(json, "name", sl_app_name_json(flow->app.name, flow->app.length));
	sl_json_set(json, "first", time_json(listing->now, flow->since_ms));
	sl_json_set(json, "last", time_json(listing->now, flow->idle_ms));
	sl_json_set(json, "age", json_integer((json_int_t)(flow->since_ms / 1000)));
	sl_json_set(json, "idle", json_integer((json_int_t)(flow->idle_ms / 1000)));
	sl_json_set(json, "timeout", json_integer((json_int_t)((flow->timeout_ms + 999) / 1000)));
	sl_json_set(json, "verdict", verdict_json(listing->daemon, flow->verdict));
	json_array_append_new(listing->list, json);
	return 0;
}

static json_t *table_json(struct sl_daemon *daemon)
{
	struct sl_dp_flow_table table;

	if (!sl_dp_flow_table(daemon->dp, &table))
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "places", (json_int_t)table.places, "flows",
			 (json_int_t)table.flows, "made", (json_int_t)table.made, "evicted",
			 (json_int_t)table.evicted, "unplaced", (json_int_t)table.unplaced);
}

static double wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int sl_api_flows(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "addr",	"port",	 "proto", "state",
					     "verdict", "limit", NULL };
	struct sl_dp_flow_filter filter = {};
	const json_t *limit = json_object_get(body, "limit");
	struct listing listing = { .daemon = daemon, .limit = LIMIT, .now = wall_clock() };
	int status;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_filter(daemon, body, &filter, reply);
	if (status)
		return status;
	if (limit) {
		listing.limit = json_integer_value(limit);
		if (!json_is_integer(limit) || listing.limit < 1 || listing.limit > LIMIT_MAX)
			return sl_json_error(reply, 400, "body: \"limit\" is not 1 to %d",
					     LIMIT_MAX);
	}
	listing.list = json_array();
	sl_dp_flows(daemon->dp, &filter, list_flow, &listing);
	*reply = json_pack("{s:o, s:b, s:o}", "table", table_json(daemon), "more", listing.more,
			   "flows", listing.list);
	return 200;
}

int sl_api_flows_kill(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	static const char *const known[] = { "addr",	"port", "proto", "state",
					     "verdict", "all",	NULL };
	struct sl_dp_flow_filter filter = {};
	int status;

	status = sl_api_keys(body, known, reply);
	if (!status)
		status = get_filter(daemon, body, &filter, reply);
	if (status)
		return status;
	if (!json_object_size(body))
		return sl_json_error(reply, 400,
				     "body: says of no flow which; \"all\": true is all");
	*reply = json_pack("{s:I}", "killed", (json_int_t)sl_dp_flows_kill(daemon->dp, &filter));
	return 200;
}
