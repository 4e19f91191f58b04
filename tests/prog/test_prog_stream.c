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

#include "names.h"
#include "stream_lab.h"

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
	static struct CMUnitTest tests[ARRAY_LEN(rows) + 5];
	size_t count = 0;

	make_messages();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[count++] = (struct CMUnitTest) {
			.name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)&rows[i],
		};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_left_behind);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_noted);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_events);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_fragments);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(lab_test_kernel);
	return _cmocka_run_group_tests("stream", tests, count, lab_setup, lab_teardown);
}
