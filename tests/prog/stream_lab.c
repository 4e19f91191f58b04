// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "stream_lab.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

struct stream_message messages[MESSAGES];

static void message_text(enum message message, const char *text, size_t length)
{
	memcpy(messages[message].bytes, text, length);
	messages[message].length = length;
}

#define TEXT(message, text) message_text(message, text, sizeof(text) - 1)

void make_messages(void)
{
	const struct hello bad = { .sni = "bad.example", .alpn = "\2h2", .share = 200 };
	const struct hello good = { .sni = "fun.example", .alpn = "\2h2", .share = 200 };
	const struct hello records = { .sni = "bad.example", .record = 7 };

	messages[BAD].length = hello_build(&bad, messages[BAD].bytes);
	messages[GOOD].length = hello_build(&good, messages[GOOD].bytes);
	messages[RECORDS].length = hello_build(&records, messages[RECORDS].bytes);
	memset(messages[BEHIND].bytes, 'x', 5);
	memcpy(messages[BEHIND].bytes + 5, messages[BAD].bytes, messages[BAD].length);
	messages[BEHIND].length = 5 + messages[BAD].length;
	TEXT(REQUEST, "POST /a/b?c=d HTTP/1.1\r\nUser-Agent: x\r\nHost: bad.example\r\n\r\n");
	TEXT(FRIENDLY, "POST /a/b?c=d HTTP/1.1\r\nUser-Agent: x\r\nHost: fun.example\r\n\r\n");
	TEXT(QUERY, "\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\3bad\7example\0\0\1\0\1");
	TEXT(QUERIES, "\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\3fun\7example\0\0\1\0\1"
		      "\0\x1d\x12\x35\1\0\0\1\0\0\0\0\0\0\3bad\7example\0\0\1\0\1");
	TEXT(BANNER, "SSH-2.0-bad_1 x\r\n");
	TEXT(JUNK, "220 mail.example ESMTP, and all that is said at the beginning\r\n");
	TEXT(CONNECT, "CONNECT fun.example:443 HTTP/1.1\r\nHost: fun.example\r\n\r\n");
	messages[QUERY].bytes[1] = (__u8)(messages[QUERY].length - 2);
	memset(messages[ENDLESS].bytes, 'a', 18000);
	memcpy(messages[ENDLESS].bytes, "GET /", 5);
	messages[ENDLESS].length = 18000;
}

#define RULES                                                        \
	" tls sni .bad.example drop\n http host .bad.example drop\n" \
	" dns qname .bad.example drop\n ssh software \"bad*\" drop\n"

struct policy *rules_in_force(const char *settings)
{
	char text[1024];
	struct policy *policy;

	policy_free_all();
	snprintf(text, sizeof(text), "%s\nchain ingress {\n%s}\nchain egress {\n%s}\n",
		 settings ? settings : "", RULES, RULES);
	policy = policy_new(text);
	policy_flows(policy, FLOWS_MAX);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	return policy;
}

static struct frame frame_of(const struct sequence *row, const struct step *step)
{
	int client = 4000 + row->port + step->port, server = row->dport ? row->dport : 443;
	size_t to = step->to ? step->to : messages[step->message].length;
	__u32 isn = step->server ? 0x50000000 : row->isn ? row->isn : 1000;
	int flags = step->flags ? step->flags : ACK;
	struct layer layers[] = {
		eth(),
		ip4(),
		tcp(.sport = client, .dport = server, .flags = flags,
		    .seq = isn + 1 + (__u32)step->at - !!(flags & SYN && step->message)),
		bytes(""),
		{ .kind = LAYER_END },
	};

	if (step->server) {
		layers[1] = (struct layer)ip4(.src = DST4, .dst = SRC4);
		layers[2].tcp.sport = server;
		layers[2].tcp.dport = client;
	}
	layers[3].bytes.bytes = (const char *)messages[step->message].bytes + step->from;
	layers[3].bytes.len = to - step->from;
	return lab_frame(layers);
}

bool as_step_says(const char *what, const struct step *step, const struct sl_trace *trace,
		  const char *arena)
{
	enum sl_verdict verdict = step->verdict ? step->verdict : SL_ACCEPT;
	const struct sl_app_found *found = (void *)(arena + trace->app);
	enum sl_app app = trace->app ? found->app : SL_APP_NONE;

	if (trace->verdict == (__u32)verdict && trace->reason == (__u32)step->reason &&
	    (!step->app || step->app == app))
		return true;
	fprintf(stderr, "%s: got %s %s, application %d\n", what, sl_verdict_names[trace->verdict],
		sl_reason_names[trace->reason], app);
	return false;
}

bool take_step(const struct sequence *row, const struct step *step, enum way way)
{
	struct frame frame = frame_of(row, step);
	struct sl_trace trace;

	host_run(way_hook(way), way_slot(way), &frame, &trace);
	if (!as_step_says("host", step, &trace, host_arena))
		return false;
	if (lab_no_kernel || !lab_kernel_takes(way, &frame))
		return true;
	assert_return_code(kernel_run(way, &frame, &trace), 0);
	return as_step_says(way_names[way], step, &trace, kernel_arena);
}

void open_connection(const struct sequence *row, enum way way)
{
	const struct step syn = { NOTHING, .flags = SYN, .at = -1 };

	if (!row->no_syn)
		assert_true(take_step(row, &syn, way));
}
