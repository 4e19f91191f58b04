// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Messages in several segments of TCP, as a client would send them and as somebody who means to
 * get past the rules would. Each row on the host, at XDP and at TC on both sides.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flows.h"
#include "hello.h"
#include "lab.h"
#include "names.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

/* What a side sends. BAD is what the rules drop; GOOD is of the same length. */
enum message {
	NOTHING,
	BAD,
	GOOD,
	RECORDS,
	REQUEST,
	FRIENDLY,
	QUERY,
	QUERIES,
	BEHIND,
	BANNER,
	JUNK,
	CONNECT,
	ENDLESS,
	MESSAGES,
};

static struct {
	__u8 bytes[HELLO_MAX];
	size_t length;
} messages[MESSAGES];

static void message_text(enum message message, const char *text, size_t length)
{
	memcpy(messages[message].bytes, text, length);
	messages[message].length = length;
}

#define TEXT(message, text) message_text(message, text, sizeof(text) - 1)

static void make_messages(void)
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

struct step {
	enum message message;
	size_t from, to; /* of the message; to 0: to its end */
	long at; /* where its first byte is in what the side sends; 0 is the first one behind the SYN */
	int flags; /* 0: ACK */
	bool server;
	enum sl_verdict verdict; /* 0: accepted */
	enum sl_reason reason;
	enum sl_app app; /* NONE: not asked */
	int port; /* of the client, beside that of the row */
};

struct sequence {
	const char *name;
	struct step steps[14];
	const char *settings;
	bool no_syn;
	__u32 isn;
	int dport;
	int port; /* of the client, beside 4000 */
};

#define DROPS	  .verdict = SL_DROP
#define PENDING	  .reason = SL_REASON_STREAM_PENDING
#define OVERLAP	  .reason = SL_REASON_STREAM_OVERLAP
#define SPLIT	  .reason = SL_REASON_STREAM_SPLIT
#define TOO_LONG  .reason = SL_REASON_STREAM_SIZE
#define NO_PLACE  .reason = SL_REASON_STREAM_TABLE
#define IS(which) .app = SL_APP_##which

/* clang-format off */
static const struct sequence rows[] = {
	{ "one segment", { { BAD, DROPS, IS(TLS) }, { GOOD, IS(TLS) } } },
	{ "two segments, and what comes behind", { { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS }, { JUNK, .at = 9000, IS(TLS) }, { JUNK, .server = true, IS(TLS) }, { NOTHING, IS(TLS) } } },
	{ "both segments come again", { { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS }, { BAD, 0, 100, DROPS, IS(TLS) }, { BAD, 100, .at = 100, DROPS }, { BAD, 50, 150, .at = 50, DROPS } } },
	{ "the other way round", { { BAD, 100, .at = 100, PENDING }, { BAD, 0, 100, DROPS }, { BAD, 100, .at = 100, DROPS } } },
	{ "the message once more, cut otherwise", { { BAD, DROPS }, { BAD, 0, 60, PENDING }, { BAD, 60, 61, .at = 60, PENDING }, { BAD, 61, .at = 61, DROPS } } },
	{ "dropped, and the end of it again", { { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS }, { BAD, 200, .at = 200, DROPS }, { BAD, 101, 102, .at = 101, DROPS } } },
	{ "overlapping, the same bytes", { { BAD, 0, 100, PENDING }, { BAD, 50, 150, .at = 50, PENDING }, { BAD, 90, .at = 90, DROPS } } },
	{ "overlapping, other bytes: the first count", { { BAD, 0, 310, PENDING }, { GOOD, 0, 310, OVERLAP }, { BAD, 310, .at = 310, DROPS } } },
	{ "a friendly name first does not hide the other", { { GOOD, 0, 310, PENDING }, { BAD, 0, 310, OVERLAP }, { BAD, 310, .at = 310 } } },
	{ "a friendly end first, then all", { { GOOD, 100, .at = 100, PENDING }, { BAD, 0, OVERLAP } } },
	{ "other bytes do not change a decision", { { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS }, { GOOD, 100, .at = 100, DROPS, OVERLAP }, { GOOD, 0, DROPS, OVERLAP } } },
	{ "other bytes are dropped where that is set", { { BAD, 0, 100, PENDING }, { GOOD, 60, 310, .at = 60, PENDING }, { BAD, 60, 310, .at = 60, DROPS, OVERLAP } }, "on stream-overlap drop" },
	{ "nothing in parts gets through where that is set", { { BAD, 0, 100, DROPS, PENDING }, { BAD, 100, .at = 100, DROPS } }, "on pending drop" },
	{ "numbers wrap", { { BAD, 0, 100, PENDING }, { BAD, 100, 200, .at = 100, PENDING }, { BAD, 200, .at = 200, DROPS }, { BAD, 90, 110, .at = 90, DROPS } }, .isn = 0xffffff87 },
	{ "data in the SYN", { { BAD, 0, 100, .flags = SYN, PENDING }, { BAD, 100, .at = 100, DROPS } }, .no_syn = true },
	{ "all in the SYN", { { BAD, .flags = SYN, DROPS }, { BAD, 0, 10, .flags = SYN, PENDING } }, .no_syn = true },
	{ "an end in the last segment", { { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, .flags = FIN | ACK, DROPS } } },
	{ "an end in the first", { { BAD, 0, 100, .flags = FIN | ACK, PENDING }, { BAD, 100, .at = 100, DROPS } } },
	{ "a reset that nobody heeds", { { BAD, 0, 100, PENDING }, { NOTHING, .flags = RST }, { NOTHING, .flags = RST, .server = true }, { BAD, 100, .at = 100, DROPS } } },
	{ "another SYN that nobody heeds", { { NOTHING, .flags = SYN | ACK, .server = true, .at = -1 }, { NOTHING, .flags = SYN, .at = 5000 }, { BAD, 100, .at = 100, PENDING }, { BAD, 0, 100, DROPS } } },
	{ "the ports once more", { { GOOD, 0, 100, PENDING }, { NOTHING, .flags = RST }, { NOTHING, .flags = SYN, .at = 70000 }, { BAD, 0, 100, .at = 70001, PENDING }, { GOOD, 100, .at = 100 }, { BAD, 100, .at = 70101, DROPS } } },
	{ "bytes before the first one", { { BAD, 0, 1, .at = -1 }, { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS } } },
	{ "a segment that begins before the first byte", { { BAD, 0, 100, PENDING }, { BAD, 99, 200, .at = 99, PENDING }, { BAD, 200, .at = 200, DROPS } } },
	{ "all, behind bytes from before the first", { { BEHIND, .at = -5, DROPS, IS(TLS) } } },
	{ "the beginning, behind bytes from before the first", { { BEHIND, 0, 105, .at = -5, PENDING }, { BAD, 100, .at = 100, DROPS } } },
	{ "without its SYN", { { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS } }, .no_syn = true },
	{ "without its SYN, the first segment missing", { { BAD, 100, .at = 100 }, { BAD, 0, 100, SPLIT } }, .no_syn = true },
	{ "in the middle of a connection", { { JUNK }, { BAD, 0, 100, .at = 63, PENDING }, { BAD, 100, .at = 163, DROPS } } },
	{ "in the middle, whole", { { JUNK }, { BAD, .at = 63, DROPS }, { JUNK, .at = 9000, IS(TLS) } } },
	{ "what is no message comes again, and is one", { { JUNK }, { BAD, 50, .at = 50 }, { BAD, 0, 50, DROPS } } },
	{ "what is no message comes again", { { JUNK }, { JUNK }, { JUNK, .at = 63 }, { JUNK, 10, 20, .at = 10 } } },
	{ "the second segment of what is no message comes again, where parts are dropped", { { JUNK }, { JUNK, .at = 63 }, { JUNK, .at = 63 }, { JUNK, 1, .at = 64 }, { JUNK } }, "on pending drop" },
	{ "parts of what may be a message come again, where parts are dropped", { { JUNK }, { BAD, 50, .at = 50 }, { BAD, 0, 20, DROPS, PENDING }, { BAD, 0, 50, DROPS } }, "on pending drop" },
	{ "the server speaks first", { { JUNK, .server = true }, { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS } } },
	{ "far ahead of what is missing", { { JUNK, .at = 40000, PENDING }, { BAD, 0, 100, PENDING }, { JUNK, .at = 40000, PENDING }, { BAD, 100, .at = 100, DROPS } } },
	{ "a hello again, behind what is beyond every window", { { BAD, DROPS }, { JUNK, .at = 0x40000000, IS(TLS) }, { BAD, DROPS }, { BAD, 0, 100, PENDING }, { BAD, 100, .at = 100, DROPS } } },
	{ "a request more, behind what is beyond every window", { { FRIENDLY }, { JUNK, .at = 0x40000000, IS(HTTP) }, { REQUEST, 0, 20, .at = 60, PENDING }, { REQUEST, 20, .at = 80, DROPS } } },
	{ "beyond every window", { { BAD, 0, 100, PENDING }, { JUNK, .at = 0x1000000, }, { BAD, 100, .at = 100, TOO_LONG } } },
	{ "a request in two segments", { { REQUEST, 0, 20, PENDING }, { REQUEST, 20, .at = 20, DROPS, IS(HTTP) }, { JUNK, .server = true, IS(HTTP) } } },
	{ "one more request on the connection", { { FRIENDLY, IS(HTTP) }, { REQUEST, .at = 60, DROPS }, { REQUEST, 0, 30, .at = 60, PENDING }, { REQUEST, 30, .at = 90, DROPS } } },
	{ "one more request in two segments", { { FRIENDLY, IS(HTTP) }, { REQUEST, 0, 9, .at = 60, PENDING }, { REQUEST, 9, .at = 69, DROPS } } },
	{ "the first request, after the second", { { FRIENDLY }, { FRIENDLY, .at = 60 }, { REQUEST, .at = 0, DROPS }, { REQUEST, 0, 9, .at = 0, SPLIT } } },
	{ "TLS behind a proxy", { { CONNECT, 0, 9, PENDING }, { CONNECT, 9, .at = 9, IS(HTTP) }, { BAD, 0, 70, .at = 55, PENDING }, { BAD, 70, .at = 125, DROPS, IS(TLS) } } },
	{ "dns, length alone", { { QUERY, 0, 2, PENDING }, { QUERY, 2, .at = 2, DROPS, IS(DNS) } }, .dport = 53 },
	{ "dns, the other way round", { { QUERY, 7, .at = 7, PENDING }, { QUERY, 0, 7, DROPS } }, .dport = 53 },
	{ "dns, the other side first", { { QUERY, .server = true, DROPS, IS(DNS) }, { QUERY, DROPS } }, .dport = 53 },
	{ "dns, two in one segment", { { QUERIES, SPLIT, IS(DNS) }, { QUERIES, 31, .at = 62, DROPS } }, .dport = 53 },
	{ "dns, a byte of the second in the first one's segment", { { QUERIES, 0, 32, SPLIT }, { QUERIES, 32, .at = 32, PENDING } }, .dport = 53 },
	{ "dns, two in one segment, where that is dropped", { { QUERIES, DROPS, SPLIT } }, "on undecided drop", .dport = 5300 },
	{ "dns, two in one segment, of the server", { { QUERY, 0, 7, PENDING }, { QUERIES, .server = true, IS(DNS) } }, .dport = 53 },
	{ "ssh, of the server", { { BANNER, 0, 6, .server = true, PENDING }, { BANNER, 6, .at = 6, .server = true, DROPS, IS(SSH) } } },
	{ "a request without an end", { { ENDLESS, 0, 3000, PENDING }, { ENDLESS, 3000, 6000, .at = 3000, PENDING }, { ENDLESS, 6000, 9000, .at = 6000, PENDING }, { ENDLESS, 9000, 12000, .at = 9000, PENDING }, { ENDLESS, 12000, 15000, .at = 12000, PENDING }, { ENDLESS, 15000, 17000, .at = 15000, TOO_LONG }, { ENDLESS, 8000, 9000, .at = 8000, TOO_LONG }, { ENDLESS, 17000, 17100, .at = 17000 } } },
	{ "a request without an end, where that is dropped", { { ENDLESS, 0, 3000, PENDING }, { ENDLESS, 3000, 6000, .at = 3000, PENDING }, { ENDLESS, 6000, 9000, .at = 6000, PENDING }, { ENDLESS, 9000, 12000, .at = 9000, PENDING }, { ENDLESS, 12000, 15000, .at = 12000, PENDING }, { ENDLESS, 15000, 17000, .at = 15000, TOO_LONG, DROPS }, { ENDLESS, 15000, 16000, .at = 15000, TOO_LONG, DROPS } }, "on undecided drop" },
	{ "too many parts", { { BAD, 10, 11, .at = 10, PENDING }, { BAD, 20, 21, .at = 20, PENDING }, { BAD, 30, 31, .at = 30, PENDING }, { BAD, 40, 41, .at = 40, PENDING }, { BAD, 50, 51, .at = 50, PENDING }, { BAD, 60, 61, .at = 60, PENDING }, { BAD, 70, 71, .at = 70, PENDING }, { BAD, 80, 81, .at = 80, PENDING }, { BAD, 90, 91, .at = 90, PENDING }, { BAD, 100, 101, .at = 100, PENDING }, { BAD, 110, 111, .at = 110, PENDING }, { BAD, 120, 121, .at = 120, PENDING }, { BAD, 130, 131, .at = 130, TOO_LONG }, { BAD, 0, 200, TOO_LONG } } },
	{ "two flows at a time", { { BAD, 0, 100, PENDING }, { GOOD, 0, 100, PENDING, .port = 1, .at = 0 }, { GOOD, 100, .at = 100, .port = 1 }, { BAD, 100, .at = 100, DROPS } }, .no_syn = true },
};
/* clang-format on */

static struct policy *rules_in_force(const char *settings)
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

static bool as_step_says(const char *what, const struct step *step, const struct sl_trace *trace,
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

static bool take_step(const struct sequence *row, const struct step *step, enum way way)
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

static void open_connection(const struct sequence *row, enum way way)
{
	const struct step syn = { NOTHING, .flags = SYN, .at = -1 };

	if (!row->no_syn)
		assert_true(take_step(row, &syn, way));
}

static void test_row(void **state)
{
	static const enum way ways[] = { WAY_XDP, WAY_TC_IN, WAY_TC_OUT };
	const struct sequence *row = *state;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		rules_in_force(row->settings);
		open_connection(row, ways[i]);
		for (size_t n = 0; n < ARRAY_LEN(row->steps); n++) {
			const struct step *step = &row->steps[n];

			if (!step->message && !step->flags && !step->app)
				break;
			if (take_step(row, step, ways[i]))
				continue;
			fail_msg("step %zu, %s: wanted %s %s", n + 1, way_names[ways[i]],
				 sl_verdict_names[step->verdict ? step->verdict : SL_ACCEPT],
				 sl_reason_names[step->reason]);
		}
	}
}

/* --- messages in as many segments as there are cuts, in each order --- */

#define PARTS 5

static void whole_in_parts(const struct sequence *row, enum message message, const size_t *cuts,
			   const size_t *order, size_t parts, enum way way)
{
	struct step step = { message };
	size_t have = 0;

	open_connection(row, way);
	for (size_t round = 0; round < 2 * parts; round++) {
		size_t part = order[round % parts];

		/* Twice in a row, and, in the second round, when all is there. */
		for (int again = 0; again < 2; again++) {
			have |= 1UL << part;
			step.from = cuts[part];
			step.to = cuts[part + 1];
			step.at = (long)step.from;
			step.verdict = have == (1UL << parts) - 1 ? SL_DROP : SL_ACCEPT;
			step.reason =
				step.verdict == SL_DROP ? SL_REASON_NONE : SL_REASON_STREAM_PENDING;
			if (!take_step(row, &step, way))
				fail_msg("message %d, bytes %zu to %zu", message, step.from,
					 step.to);
		}
	}
}

static bool next_order(size_t *order, size_t count)
{
	size_t i = count - 1, j = count - 1, swap;

	while (i && order[i - 1] > order[i])
		i--;
	if (!i)
		return false;
	while (order[j] < order[i - 1])
		j--;
	swap = order[i - 1];
	order[i - 1] = order[j];
	order[j] = swap;
	for (j = count - 1; i < j; i++, j--) {
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
	return true;
}

static const enum message named[] = { BAD, RECORDS, REQUEST, QUERY };

static struct sequence connection_of(enum message message, __u32 isn)
{
	return (struct sequence) { .isn = isn, .dport = message == QUERY ? 53 : 443 };
}

/* Each cut of each message, in both orders; the numbers wrap at many places. */
static void test_every_cut(void **state)
{
	const enum way way = WAY_XDP;

	(void)state;
	for (size_t m = 0; m < ARRAY_LEN(named); m++) {
		size_t length = messages[named[m]].length;
		int port = 0;

		rules_in_force(NULL);
		for (size_t cut = 1; cut < length; cut++) {
			struct sequence row = connection_of(named[m], (__u32)-100 + (__u32)cut);
			size_t cuts[] = { 0, cut, length }, order[] = { 0, 1 };

			do {
				row.port = port++;
				whole_in_parts(&row, named[m], cuts, order, 2, way);
			} while (next_order(order, 2));
		}
	}
}

static void test_every_order(void **state)
{
	static const enum way ways[] = { WAY_XDP, WAY_TC_OUT };

	(void)state;
	for (size_t m = 0; m < ARRAY_LEN(named); m++) {
		size_t length = messages[named[m]].length, order[PARTS], cuts[PARTS + 1];

		for (size_t parts = 3; parts <= PARTS; parts++) {
			int n = 0;

			rules_in_force(NULL);
			for (size_t i = 0; i <= parts; i++)
				cuts[i] = i * length / parts;
			for (size_t i = 0; i < parts; i++)
				order[i] = i;
			do {
				struct sequence row = connection_of(named[m], 77);

				row.port = n++;
				whole_in_parts(&row, named[m], cuts, order, parts,
					       ways[row.port % (int)ARRAY_LEN(ways)]);
			} while (next_order(order, parts));
		}
	}
}

/* A byte a segment, from the first to the last and back. */
static void test_single_bytes(void **state)
{
	const struct sequence row = connection_of(REQUEST, 99);
	size_t length = messages[REQUEST].length;

	(void)state;
	for (int back = 0; back < 2; back++) {
		rules_in_force(NULL);
		open_connection(&row, WAY_XDP);
		for (size_t i = 0; i < length; i++) {
			size_t at = back ? length - 1 - i : i;
			struct step step = { REQUEST,
					     at,
					     at + 1,
					     .at = (long)at,
					     .verdict = i == length - 1 ? SL_DROP : SL_ACCEPT,
					     .reason = i == length - 1 ? 0
								       : SL_REASON_STREAM_PENDING };

			assert_true(take_step(&row, &step, WAY_XDP));
		}
	}
}

/* More messages than places: the one that has waited longest loses its own. */
static void exhaust(const char *settings, int lost, enum sl_reason reason, enum sl_verdict verdict)
{
	const struct sequence row = { .no_syn = true };

	rules_in_force(settings);
	for (int i = 0; i < 64; i++) {
		const struct step first = { BAD, 0, 100, .port = i, PENDING };

		assert_true(take_step(&row, &first, WAY_XDP));
	}
	flows_age(1);
	for (int i = 64; i < 66; i++) {
		const struct step first = {
			BAD, 0, 100, .port = i, .reason = reason, .verdict = verdict
		};

		assert_true(take_step(&row, &first, WAY_XDP));
	}
	for (int i = 0; i < 66; i++) {
		bool gone = lost ? i < lost : i >= 64;
		const struct step second = {
			BAD,
			100,
			.at = 100,
			.port = i,
			.verdict = gone && !settings[20] ? SL_ACCEPT : SL_DROP,
			.reason = gone ? SL_REASON_STREAM_TABLE : 0,
		};

		if (gone && !lost)
			continue;
		if (!take_step(&row, &second, WAY_XDP))
			fail_msg("flow %d", i);
	}
}

static void test_exhaustion(void **state)
{
	(void)state;
	exhaust("flows { streams 64 }", 2, SL_REASON_STREAM_PENDING, SL_ACCEPT);
	exhaust("flows { streams 64 }\non stream-table drop", 0, SL_REASON_STREAM_TABLE, SL_DROP);
}

/* A message that is whole has its place for as long as nobody else wants it. */
static void test_places_of_whole_ones(void **state)
{
	const struct sequence row = { .no_syn = true };

	(void)state;
	rules_in_force("flows { streams 64 }\non stream-table drop");
	for (int i = 0; i < 66; i++) {
		const struct step first = { BAD, 0, 100, .port = i, PENDING };
		const struct step second = { BAD, 100, .at = 100, .port = i, DROPS };

		assert_true(take_step(&row, &first, WAY_XDP));
		assert_true(take_step(&row, &second, WAY_XDP));
	}
}

/* As if the client had sent so many bytes. */
static void has_sent(char *arena, __u32 bytes)
{
	struct sl_flow *flow = flows_find(arena, 4000, 443, 6);

	flow->count[0].bytes = flow->count[1].bytes = bytes;
}

/* A side that has sent a gigabyte and more has left what it began with behind. */
static void test_left_behind(void **state)
{
	static const struct sequence talks[] = {
		{ "tls",
		  { { GOOD }, { JUNK, .at = 0x40000000 }, { JUNK, 10, .at = 10 }, { JUNK } } },
		{ "no message",
		  { { JUNK }, { JUNK, .at = 0x40000000 }, { BAD, 9, .at = 9 }, { BAD } } },
		{ "requests",
		  { { FRIENDLY },
		    { REQUEST, 0, 20, .at = 0x40000000, PENDING },
		    { REQUEST, 20, .at = 0x40000014, DROPS },
		    { JUNK, 10, .at = 10, IS(HTTP) } } },
		{ "given up",
		  { { BAD, 0, 9, PENDING },
		    { JUNK, .at = 0x1000000 },
		    { JUNK, .at = 0x40000000 },
		    { JUNK } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(talks); i++) {
		const struct sequence *row = &talks[i];

		rules_in_force(NULL);
		open_connection(row, WAY_XDP);
		for (size_t n = 0; n < ARRAY_LEN(row->steps) && row->steps[n].message; n++) {
			if (!take_step(row, &row->steps[n], WAY_XDP))
				fail_msg("%s, step %zu", row->name, n + 1);
			has_sent(host_arena, 0x40000000);
			if (!lab_no_kernel)
				has_sent(kernel_arena, 0x40000000);
		}
	}
}

/* What the flow is, and the end of a long name, is in its entry. */
static void test_noted(void **state)
{
	const struct sequence row = {};
	const struct step first = { GOOD, 0, 100, PENDING }, second = { GOOD, 100, .at = 100 };
	const struct sl_flow_app *app;

	(void)state;
	rules_in_force(NULL);
	open_connection(&row, WAY_XDP);
	assert_true(take_step(&row, &first, WAY_XDP));
	assert_true(take_step(&row, &second, WAY_XDP));
	app = flows_app(host_arena, flows_find(host_arena, 4000, 443, 6));
	assert_int_equal(app->app, SL_APP_TLS);
	assert_int_equal(app->length, strlen("fun.example"));
	assert_memory_equal(app->name, "fun.example", app->length);
	assert_int_equal(app->lock, 0);
	if (!lab_no_kernel)
		assert_true(flows_same());
}

/* An event says what the packet's message is, or its flow. */
static void test_events(void **state)
{
	const struct sequence row = {};
	const struct step steps[] = { { BAD, 0, 100, PENDING },
				      { BAD, 100, .at = 100 },
				      { JUNK, .at = 9000 } };
	struct policy *policy;

	(void)state;
	policy_free_all();
	policy = policy_new("chain ingress {\n app tls tls sni .example count\n log\n}\n");
	policy_flows(policy, FLOWS_MAX);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	open_connection(&row, WAY_XDP);
	assert_int_equal(host_done.event.event.app, SL_APP_NONE);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		assert_true(take_step(&row, &steps[i], WAY_XDP));
		assert_int_equal(host_done.nevents, 1);
		assert_int_equal(host_done.event.event.app, SL_APP_TLS);
		assert_int_equal(host_done.event.event.name_length, i ? strlen("bad.example") : 0);
		if (i)
			assert_memory_equal(host_done.event.event.name, "bad.example", 11);
	}
}

/* A first fragment is not kept from those behind it by what follows its message. */
static void test_fragments(void **state)
{
	static const enum way ways[] = { WAY_XDP, WAY_TC_IN, WAY_TC_OUT };
	const struct step step = {};
	struct sl_trace trace;

	(void)state;
	rules_in_force(NULL);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		flows_clear();
		for (int offset = 0; offset <= 88; offset += 88) {
			struct layer layers[] = {
				eth(),
				ip4(.id = 7, .mf = !offset, .offset = offset, .proto = 6),
				bytes("later"),
				bytes(""),
				data(6),
				{ .kind = LAYER_END },
			};
			struct frame frame;

			if (!offset) {
				layers[2] = (struct layer)tcp(.dport = 53, .flags = ACK);
				layers[3].bytes.bytes = (const char *)messages[QUERIES].bytes;
				layers[3].bytes.len = messages[QUERIES].length;
			}
			frame = lab_frame(layers);
			host_run(way_hook(ways[i]), 0, &frame, &trace);
			assert_true(as_step_says("host", &step, &trace, host_arena));
			if (lab_no_kernel)
				continue;
			assert_return_code(kernel_run(ways[i], &frame, &trace), 0);
			assert_true(as_step_says(way_names[ways[i]], &step, &trace, kernel_arena));
		}
	}
}

int main(void)
{
	static struct CMUnitTest tests[ARRAY_LEN(rows) + 10];
	size_t count = 0;

	make_messages();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[count++] = (struct CMUnitTest) {
			.name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)&rows[i],
		};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_every_cut);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_every_order);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_single_bytes);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_exhaustion);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_places_of_whole_ones);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_left_behind);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_noted);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_events);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_fragments);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(lab_test_kernel);
	return _cmocka_run_group_tests("stream", tests, count, lab_setup, lab_teardown);
}
