/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * `payload contains`, through every way: the host, XDP, XDP with the frame cut in two, TC both ways.
 * Rows are one rule set and one frame; then needles at each place with the frame cut within them, and
 * rule sets of many needles against a naive search.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gen.h"
#include "lab.h"
#include "names.h"

struct scan_row {
	const char *name;
	const char *rules; /* in both chains; the policy accepts */
	const struct layer *frame;
	enum sl_verdict verdict;
	enum sl_reason reason;
};

#define evil	 "payload contains \"evil.example\" drop"
#define flood(n) "AAAAAAAAAAAAAAA" #n

/* clang-format off */
static const struct scan_row rows[] = {
	{ "there", evil, pkt(eth(), ip4(), udp(), bytes("GET evil.example")), SL_DROP },
	{ "not there", evil, pkt(eth(), ip4(), udp(), bytes("GET evil.exampl.")), SL_ACCEPT },
	{ "all of it", evil, pkt(eth(), ip4(), udp(), bytes("evil.example")), SL_DROP },
	{ "all but the last byte", evil, pkt(eth(), ip4(), udp(), bytes("evil.exampl")), SL_ACCEPT },
	{ "the last byte is padding", evil, pkt(eth(), ip4(), udp(), bytes("evil.exampl"), pad(20)), SL_ACCEPT },
	{ "in what udp leaves", evil, pkt(eth(), ip4(), udp(.len = 19), bytes("evil.example")), SL_ACCEPT },
	{ "in the headers", "payload contains \"xxxx\" drop", pkt(eth(), ip4(OPTS("\1\1\1\1")), tcp(OPTS("xxxx")), bytes("yyyy")), SL_ACCEPT },
	{ "tcp with options", evil, pkt(eth(), ip4(OPTS("\1\1\1\1")), tcp(OPTS("\1\1\1\1")), bytes("an evil.example")), SL_DROP },
	{ "ipv6", evil, pkt(eth(), ip6(), udp(), bytes("an evil.example")), SL_DROP },
	{ "ipv6, extension headers", evil, pkt(eth(), ip6(), hopopts(), dstopts(), tcp(), bytes("an evil.example")), SL_DROP },
	{ "tags", evil, pkt(eth(), vlan(.id = 5), vlan(.id = 6), ip4(), udp(), bytes("an evil.example")), SL_DROP },
	{ "sctp", evil, pkt(eth(), ip4(), sctp(), bytes("an evil.example")), SL_DROP },
	{ "icmp", evil, pkt(eth(), ip4(), icmp(), bytes("an evil.example")), SL_DROP },
	{ "another protocol", evil, pkt(eth(), ip4(.proto = 99), bytes("an evil.example")), SL_DROP },
	{ "arp has no payload", "payload contains \"\\x00\" drop\n payload contains != \"q\" drop", pkt(eth(), arp()), SL_ACCEPT },
	{ "of one byte", "payload contains \"z\" drop", pkt(eth(), ip4(), udp(), data(700), bytes("z")), SL_DROP },
	{ "of one byte, not there", "payload contains \"z\" drop", pkt(eth(), ip4(), udp(), data(700)), SL_ACCEPT },
	{ "of two bytes", "payload contains \"zz\" drop", pkt(eth(), ip4(), udp(), data(254), bytes("zz")), SL_DROP },
	{ "of two bytes, one there", "payload contains \"zz\" drop", pkt(eth(), ip4(), udp(), bytes("zxz")), SL_ACCEPT },
	{ "of three bytes", "payload contains \"/sh\" drop", pkt(eth(), ip4(), udp(), bytes("/bin/sh")), SL_DROP },
	{ "of four bytes", "payload contains \"n/sh\" drop", pkt(eth(), ip4(), udp(), bytes("/bin/sh")), SL_DROP },
	{ "of six bytes", "payload contains \"bin/sh\" drop", pkt(eth(), ip4(), udp(), bytes("/bin/sh")), SL_DROP },
	{ "of seven bytes", "payload contains \"/bin/sh\" drop", pkt(eth(), ip4(), udp(), bytes("x/bin/sh")), SL_DROP },
	{ "of 256 bytes", "payload contains \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\" drop",
	  pkt(eth(), ip4(), udp(), bytes("f0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0")), SL_DROP },
	{ "bytes by number", "payload contains \"\\x00\\xff|de ad BEef|!\\\\\" drop", pkt(eth(), ip4(), udp(), bytes("abc\0\377\336\255\276\357!\\def")), SL_DROP },
	{ "case", evil, pkt(eth(), ip4(), udp(), bytes("an EVIL.example")), SL_ACCEPT },
	{ "any case", "payload contains \"Evil.Example\" nocase drop", pkt(eth(), ip4(), udp(), bytes("an EVIL.example")), SL_DROP },
	{ "any case, but of letters only", "payload contains \"[evil]@`{\" nocase drop", pkt(eth(), ip4(), udp(), bytes("{EVIL}`@[ ;evil]@`[ [EVIL]@`{"), bytes("!")), SL_DROP },
	{ "any case, not of other bytes", "payload contains \"[evil]@`{\" nocase drop", pkt(eth(), ip4(), udp(), bytes("{evil}`@[ [evil]``{ [evil]@`[")), SL_ACCEPT },
	{ "from an offset", "payload contains \"needles\" offset 4 drop", pkt(eth(), ip4(), udp(), bytes("012 needles")), SL_DROP },
	{ "before an offset", "payload contains \"needles\" offset 5 drop", pkt(eth(), ip4(), udp(), bytes("012 needles")), SL_ACCEPT },
	{ "before an offset, and again behind it", "payload contains \"needles\" offset 5 drop", pkt(eth(), ip4(), udp(), bytes("012 needles needles")), SL_DROP },
	{ "to a depth", "payload contains \"needles\" depth 11 drop", pkt(eth(), ip4(), udp(), bytes("012 needles")), SL_DROP },
	{ "beyond a depth", "payload contains \"needles\" depth 10 drop", pkt(eth(), ip4(), udp(), bytes("012 needles")), SL_ACCEPT },
	{ "between", "payload contains \"needles\" offset 4 depth 7 drop", pkt(eth(), ip4(), udp(), bytes("012 needles")), SL_DROP },
	{ "an offset past the end", "payload contains \"needles\" offset 1000 drop", pkt(eth(), ip4(), udp(), bytes("012 needles")), SL_ACCEPT },
	{ "the same with other options", "payload contains \"needles\" depth 7 accept\n payload contains \"needles\" nocase drop", pkt(eth(), ip4(), udp(), bytes("012 NEEDLES")), SL_DROP },
	{ "any of several", "payload contains { \"needles\", \"evil.example\", \"qq\" } drop", pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_DROP },
	{ "none of several", "payload contains { \"needles\", \"evil.example\", \"qq\" } drop", pkt(eth(), ip4(), udp(), bytes("q evil.exampleq")), SL_DROP },
	{ "several, all there", "payload contains { \"needles\", \"evil.example\" } count\n payload contains \"needles\" payload contains \"evil.example\" drop", pkt(eth(), ip4(), udp(), bytes("needles, evil.example")), SL_DROP },
	{ "both, one there", "payload contains \"needles\" payload contains \"evil.example\" drop", pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_ACCEPT },
	{ "one and not another", "payload contains \"needles\" payload contains != \"evil.example\" drop", pkt(eth(), ip4(), udp(), bytes("two needles")), SL_DROP },
	{ "one and another", "payload contains \"needles\" payload contains != \"evil.example\" drop", pkt(eth(), ip4(), udp(), bytes("two needles, evil.example")), SL_ACCEPT },
	{ "absent", "payload contains != \"evil.example\" drop", pkt(eth(), ip4(), udp(), bytes("something else")), SL_DROP },
	{ "not absent", "payload contains != \"evil.example\" drop", pkt(eth(), ip4(), udp(), bytes("some evil.example")), SL_ACCEPT },
	{ "absent from a payload of no bytes", "payload contains != \"evil.example\" drop", pkt(eth(), ip4(), tcp()), SL_DROP },
	{ "one of those that shall be absent", "payload contains != { \"evil.example\", \"needles\" } drop", pkt(eth(), ip4(), udp(), bytes("two needles")), SL_ACCEPT },
	{ "bytes that overlap themselves", "payload contains \"aabaabaac\" drop", pkt(eth(), ip4(), udp(), bytes("aabaabaabaabaacaab")), SL_DROP },

	{ "of another port", "udp dport 54 " evil, pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_ACCEPT },
	{ "of this port", "udp dport 53 " evil, pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_DROP },
	{ "of another protocol", "tcp " evil, pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_ACCEPT },
	{ "of a source", "saddr { 10.77.0.0/24, 2001:db8::/32 } " evil, pkt(eth(), ip6(), udp(), bytes("an evil.example")), SL_DROP },
	{ "with flags", "tcp flags syn " evil, pkt(eth(), ip4(), tcp(.flags = ACK), bytes("an evil.example")), SL_ACCEPT },

	{ "a rule before", "udp dport 53 accept\n " evil, pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_ACCEPT },
	{ "a rule behind", evil "\n udp dport 53 accept", pkt(eth(), ip4(), udp(), bytes("an evil.example")), SL_DROP },
	{ "a rule behind, not there", evil "\n udp dport 53 drop", pkt(eth(), ip4(), udp(), bytes("something else")), SL_DROP },
	{ "between rules", "udp count\n" evil "\n udp accept", pkt(eth(), ip6(), udp(), bytes("an evil.example")), SL_DROP },
	{ "the first of two", "payload contains \"needles\" accept\n " evil, pkt(eth(), ip4(), udp(), bytes("evil.example needles")), SL_ACCEPT },
	{ "the second of two", "payload contains \"Needles\" accept\n " evil, pkt(eth(), ip4(), udp(), bytes("evil.example needles")), SL_DROP },
	{ "count and go on", "payload contains \"needles\" count\n " evil, pkt(eth(), ip4(), udp(), bytes("evil.example needles")), SL_DROP },
	{ "more than there is room for", "payload contains \"a\" count\n payload contains \"b\" count\n payload contains \"c\" count\n payload contains \"d\" count\n payload contains \"e\" count\n payload contains \"f\" count\n payload contains \"g\" count\n payload contains \"h\" count\n payload contains \"i\" count\n payload contains \"j\" count\n payload contains \"k\" count\n payload contains \"l\" count\n payload contains \"m\" count\n payload contains \"n\" count\n payload contains \"o\" count\n payload contains \"p\" count\n payload contains \"q\" count\n payload contains \"ZZ\" accept\n payload contains \"r\" drop",
	  pkt(eth(), ip4(), udp(), bytes("abcdefghijklmnopqrst")), SL_DROP },
	{ "as many as there is room for, the last", "payload contains \"a\" count\n payload contains \"b\" count\n payload contains \"c\" count\n payload contains \"d\" count\n payload contains \"e\" count\n payload contains \"f\" count\n payload contains \"g\" count\n payload contains \"h\" count\n payload contains \"i\" count\n payload contains \"j\" count\n payload contains \"k\" count\n payload contains \"l\" count\n payload contains \"m\" count\n payload contains \"n\" count\n payload contains \"o\" count\n payload contains \"p\" drop",
	  pkt(eth(), ip4(), udp(), bytes("abcdefghijklmnop")), SL_DROP },
	{ "as many as there is room for, the first", "payload contains \"p\" count\n payload contains \"b\" count\n payload contains \"c\" count\n payload contains \"d\" count\n payload contains \"e\" count\n payload contains \"f\" count\n payload contains \"g\" count\n payload contains \"h\" count\n payload contains \"i\" count\n payload contains \"j\" count\n payload contains \"k\" count\n payload contains \"l\" count\n payload contains \"m\" count\n payload contains \"n\" count\n payload contains \"o\" count\n payload contains \"a\" drop",
	  pkt(eth(), ip4(), udp(), bytes("abcdefghijklmnop")), SL_DROP },
	{ "nothing is left of it in the next packet", evil, pkt(eth(), ip4(), udp(), bytes("qrstabcd")), SL_ACCEPT },

	{ "a first fragment", evil, pkt(eth(), ip4(.mf = 1, .id = 7), udp(.len = 200), bytes("an evil.example.")), SL_DROP },
	{ "a malformed packet", evil, pkt(eth(), ip4(), udp(.len = 200), bytes("an evil.example")), SL_DROP, SL_REASON_BAD_UDP_LENGTH },

	{ "far behind", evil, pkt(eth(), ip4(), udp(), data(1300), bytes("evil.example")), SL_DROP },
	{ "in a jumbo frame", evil, pkt(eth(), ip4(), tcp(), data(5000), bytes("evil.example"), data(2000)), SL_DROP },
	{ "at the end of a jumbo frame", evil, pkt(eth(), ip4(), tcp(), data(7000), bytes("evil.example")), SL_DROP },
	{ "nowhere in a jumbo frame", evil, pkt(eth(), ip4(), tcp(), data(7000), bytes("evil.exampl")), SL_ACCEPT },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

struct wanted {
	enum sl_verdict verdict;
	enum sl_reason reason;
	__u32 slot[SL_DIR_MAX_]; /* 0: not asked for */
};

static enum sl_dir dir_of(enum sl_hook hook)
{
	return hook == SL_HOOK_TC_EGRESS ? SL_DIR_EGRESS : SL_DIR_INGRESS;
}

static bool is_wanted(const char *way, enum sl_hook hook, const struct sl_trace *trace,
		      const struct wanted *wanted)
{
	__u32 slot = wanted->slot[dir_of(hook)];

	if (trace->verdict == wanted->verdict && trace->reason == wanted->reason &&
	    (!slot || slot == trace->slot))
		return true;
	lab_print(way, trace);
	fprintf(stderr, "wanted: %s, %s, slot %u\n", sl_verdict_names[wanted->verdict],
		sl_reason_names[wanted->reason], slot);
	return false;
}

static void on_host(const struct frame *frame, const struct wanted *wanted)
{
	struct sl_trace trace;

	for (enum sl_hook hook = 0; hook < SL_HOOK_MAX_; hook++) {
		host_frags_clear();
		host_run(hook, 0, frame, &trace);
		assert_true(is_wanted("host", hook, &trace, wanted));
	}
}

static void on_kernel(enum way way, const struct frame *frame, const struct wanted *wanted)
{
	struct sl_trace trace;

	if (lab_no_kernel || !lab_kernel_takes(way, frame))
		return;
	assert_return_code(kernel_run(way, frame, &trace), 0);
	if (!is_wanted(way_names[way], way_hook(way), &trace, wanted)) {
		fprintf(stderr, "%zu of %zu bytes in the linear part\n", frame->linear, frame->len);
		fail();
	}
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
}

static void everywhere(struct frame frame, const struct wanted *wanted)
{
	on_host(&frame, wanted);
	for (enum way way = 0; way < WAY_MAX_; way++)
		on_kernel(way, &frame, wanted);
}

static void test_row(void **state)
{
	const struct scan_row *row = *state;
	struct wanted wanted = { .verdict = row->verdict, .reason = row->reason };
	struct policy *policy = policy_of(row->rules);
	struct frame frame = lab_frame(row->frame);
	size_t end = frame.len < 400 ? frame.len : 400;

	policy_use(policy, policy_drops(policy));
	everywhere(frame, &wanted);
	for (frame.linear = 14; frame.linear < end; frame.linear++)
		on_kernel(WAY_XDP_CUT, &frame, &wanted);
}

#define HEADERS 42U

/* A needle at each place, the frame cut before it, within it and behind it. */
static void test_cuts(void **state)
{
	static const char *const texts[] = { "evil.example", "needles", "short", "/sh", "q" };
	static const struct wanted there = { .verdict = SL_DROP };
	static const struct wanted nearly = { .verdict = SL_ACCEPT };
	const struct layer *layers = pkt(eth(), ip4(), udp(), data(620));
	char rule[64];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t size = strlen(texts[i]);
		struct policy *policy;

		snprintf(rule, sizeof(rule), "payload contains \"%s\" drop", texts[i]);
		policy = policy_of(rule);
		policy_use(policy, policy_drops(policy));
		for (size_t at = 0; at + size <= 620;
		     at += at % 256 > 20 && at % 256 < 220 ? 7 : 1) {
			static __u8 bytes[PACKET_ROOM];
			struct frame frame = lab_frame(layers);

			memcpy(bytes, frame.bytes, frame.len);
			frame.bytes = bytes;
			memcpy(bytes + HEADERS + at, texts[i], size);
			on_host(&frame, &there);
			for (size_t cut = 0; cut <= size; cut++) {
				frame.linear = HEADERS + at + cut;
				if (frame.linear < frame.len)
					on_kernel(WAY_XDP_CUT, &frame, &there);
			}
			bytes[HEADERS + at + size - 1] = '?';
			on_kernel(WAY_XDP_CUT, &frame, &nearly);
		}
	}
}

/* --- many rules, against a naive search --- */

#define RULES	 150
#define PAYLOAD	 900
#define CONTAINS 2

struct naive_rule {
	bool is_tcp;
	unsigned int port; /* 0: any */
	unsigned int count; /* of contains */
	struct {
		char text[24];
		bool nocase, negate;
		unsigned int offset, depth;
	} contains[CONTAINS];
	enum sl_verdict verdict;
};

static const char letters[] = "abcdeABCDE012";

static void random_text(struct gen_random *r, char *to, unsigned int low, unsigned int high)
{
	unsigned int length = low + gen_below(r, high - low + 1);

	for (unsigned int i = 0; i < length; i++)
		to[i] = letters[gen_below(r, sizeof(letters) - 1)];
	to[length] = '\0';
}

static void random_rule(struct gen_random *r, struct naive_rule *rule, unsigned int low)
{
	static const enum sl_verdict verdicts[] = { SL_ACCEPT, SL_DROP, SL_CONTINUE };

	*rule = (struct naive_rule) {
		.is_tcp = !gen_below(r, 6),
		.port = gen_below(r, 3) ? 0 : 53 + gen_below(r, 2),
		.count = gen_below(r, 20) ? 1 + gen_below(r, CONTAINS) : 0,
		.verdict = verdicts[gen_below(r, 3)],
	};
	/* A rule that asks for little would leave nothing for those behind it. */
	if (!rule->count && rule->verdict != SL_CONTINUE)
		rule->port = 1;
	for (unsigned int i = 0; i < rule->count; i++) {
		random_text(r, rule->contains[i].text, low, 14);
		rule->contains[i].nocase = !gen_below(r, 3);
		rule->contains[i].negate = i && !gen_below(r, 3);
		rule->contains[i].offset = gen_below(r, 5) ? 0 : gen_below(r, 300);
		rule->contains[i].depth = gen_below(r, 5) ? 0 : 20 + gen_below(r, 300);
	}
}

static void print_rule(FILE *to, const struct naive_rule *rule)
{
	static const char *const words[] = {
		[SL_ACCEPT] = "accept", [SL_DROP] = "drop", [SL_CONTINUE] = "count"
	};

	fputs(rule->is_tcp ? "tcp" : "udp", to);
	if (rule->port)
		fprintf(to, " dport %u", rule->port);
	for (unsigned int i = 0; i < rule->count; i++) {
		fprintf(to, " payload contains %s\"%s\"", rule->contains[i].negate ? "!= " : "",
			rule->contains[i].text);
		if (rule->contains[i].nocase)
			fputs(" nocase", to);
		if (rule->contains[i].offset)
			fprintf(to, " offset %u", rule->contains[i].offset);
		if (rule->contains[i].depth)
			fprintf(to, " depth %u", rule->contains[i].depth);
	}
	fprintf(to, " %s\n", words[rule->verdict]);
}

static bool naive_contains(const char *payload, size_t length, const char *text, bool nocase,
			   size_t offset, size_t depth)
{
	size_t size = strlen(text), end = length;

	if (depth && offset + depth < end)
		end = offset + depth;
	for (size_t at = offset; at + size <= end; at++) {
		if (nocase ? !strncasecmp(payload + at, text, size)
			   : !memcmp(payload + at, text, size))
			return true;
	}
	return false;
}

static bool naive_matches(const struct naive_rule *rule, const char *payload, size_t length)
{
	if (rule->is_tcp || (rule->port && rule->port != 53))
		return false;
	for (unsigned int i = 0; i < rule->count; i++) {
		if (naive_contains(payload, length, rule->contains[i].text,
				   rule->contains[i].nocase, rule->contains[i].offset,
				   rule->contains[i].depth) == rule->contains[i].negate)
			return false;
	}
	return true;
}

static struct policy *naive_policy(const struct naive_rule *rules)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct policy *policy;

	assert_non_null(to);
	for (int i = 0; i < RULES; i++)
		print_rule(to, &rules[i]);
	assert_int_equal(fclose(to), 0);
	policy = policy_of(text);
	free(text);
	return policy;
}

static struct wanted naive_wanted(const struct policy *policy, const struct naive_rule *rules,
				  const char *payload, size_t length)
{
	struct wanted wanted = { .verdict = SL_ACCEPT };
	char name[32] = "policy";

	for (int i = 0; i < RULES; i++) {
		if (rules[i].verdict == SL_CONTINUE || !naive_matches(&rules[i], payload, length))
			continue;
		wanted.verdict = rules[i].verdict;
		snprintf(name, sizeof(name), "#%d", i + 1);
		break;
	}
	for (enum sl_dir dir = 0; dir < SL_DIR_MAX_; dir++) {
		char whole[64];

		snprintf(whole, sizeof(whole), "%s%s", *name == '#' ? sl_dir_names[dir] : "", name);
		wanted.slot[dir] = policy_slot(policy, sl_dir_names[dir], whole);
	}
	return wanted;
}

/* Some text, with what rules look for in it. */
static void naive_payload(struct gen_random *r, const struct naive_rule *rules, char *to,
			  size_t length)
{
	static const char spaces[] = "abcdeABCDE012 .-/xyz";

	for (size_t i = 0; i < length; i++)
		to[i] = spaces[gen_below(r, sizeof(spaces) - 1)];
	for (unsigned int i = gen_below(r, 4); i; i--) {
		const struct naive_rule *rule = &rules[gen_below(r, RULES)];
		size_t size = rule->count ? strlen(rule->contains[0].text) : 0;

		if (size && size <= length)
			memcpy(to + gen_below(r, (__u32)(length - size + 1)),
			       rule->contains[0].text, size);
	}
}

static void test_naive(void **state)
{
	static __u8 bytes[PACKET_ROOM];
	static struct naive_rule rules[RULES];
	unsigned int decided = 0, packets = 0;

	(void)state;
	for (unsigned int seed = 1; seed <= 24; seed++) {
		struct gen_random r = { seed };
		/* Each kind of sieve: long needles, short ones, tiny ones. */
		unsigned int low = seed % 3 == 0 ? 7 : seed % 3 == 1 ? 4 : 3;
		struct policy *policy;

		for (int i = 0; i < RULES; i++)
			random_rule(&r, &rules[i], low);
		policy = naive_policy(rules);
		policy_use(policy, policy_drops(policy));
		for (int i = 0; i < 100; i++) {
			size_t length = gen_below(&r, PAYLOAD);
			struct frame frame = lab_frame(pkt(eth(), ip4(), udp(), data(length)));
			char *payload = (char *)bytes + HEADERS;
			struct wanted wanted;

			memcpy(bytes, frame.bytes, frame.len);
			frame.bytes = bytes;
			naive_payload(&r, rules, payload, length);
			wanted = naive_wanted(policy, rules, payload, length);
			everywhere(frame, &wanted);
			frame.linear = 14 + gen_below(&r, (__u32)frame.len - 14);
			on_kernel(WAY_XDP_CUT, &frame, &wanted);
			decided += wanted.slot[0] != policy_slot(policy, "ingress", "policy");
			packets++;
		}
	}
	print_message("%u packets, a rule decided on %u\n", packets, decided);
	assert_true(decided * 4 > packets && decided * 10 < packets * 9);
}

/* --- what is given up on --- */

static const char *flood_rules(void)
{
	static char text[16384];
	size_t used = 0;

	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "payload contains \"AAAAAAAAAAAA%03d\" drop\n", i);
	return text;
}

/* Accepted unless the setting says otherwise, and no absence is taken for granted. */
static void test_budget(void **state)
{
	static const struct wanted accepted = { .verdict = SL_ACCEPT,
						.reason = SL_REASON_PATTERN_BUDGET };
	static const struct wanted dropped = { .verdict = SL_DROP,
					       .reason = SL_REASON_PATTERN_BUDGET };
	static char text[20000];
	struct frame frame = lab_frame(pkt(eth(), ip4(), udp(), data(1300, .fill = 'A')));
	struct policy *policy;

	(void)state;
	snprintf(text, sizeof(text), "payload contains != \"never there\" drop\n%s", flood_rules());
	policy = policy_of(text);
	policy_use(policy, policy_drops(policy));
	everywhere(frame, &accepted);
	policy_use(policy, policy_drops(policy) | 1ULL << SL_REASON_PATTERN_BUDGET);
	everywhere(frame, &dropped);
	/* The policy is not asked, rules are. */
	snprintf(text, sizeof(text), "%s udp drop\n", flood_rules());
	policy = policy_of(text);
	policy_use(policy, policy_drops(policy));
	everywhere(frame, &dropped);
}

/* Later fragments get what the first one got, also when that was given up on. */
static void test_budget_of_fragments(void **state)
{
	static __u8 first[PACKET_ROOM];
	struct frame later =
		lab_frame(pkt(eth(), ip4(.id = 9, .offset = 1304, .proto = 17), data(64)));
	static __u8 bytes[PACKET_ROOM];
	struct frame frame;
	struct policy *policy = policy_of(flood_rules());
	struct sl_trace trace;

	(void)state;
	memcpy(bytes, later.bytes, later.len);
	later.bytes = bytes;
	frame = lab_frame(
		pkt(eth(), ip4(.id = 9, .mf = 1), udp(.len = 1368), data(1296, .fill = 'A')));
	memcpy(first, frame.bytes, frame.len);
	frame.bytes = first;
	policy_use(policy, policy_drops(policy));
	host_frags_clear();
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.reason, SL_REASON_PATTERN_BUDGET);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	host_run(SL_HOOK_XDP, 0, &later, &trace);
	assert_int_equal(trace.reason, SL_REASON_NONE);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++) {
		if (way == WAY_XDP_CUT)
			continue;
		assert_return_code(kernel_run(way, &frame, &trace), 0);
		assert_int_equal(trace.reason, SL_REASON_PATTERN_BUDGET);
		assert_return_code(kernel_run(way, &later, &trace), 0);
		assert_int_equal(trace.reason, SL_REASON_NONE);
		assert_int_equal(trace.verdict, SL_ACCEPT);
		kernel_frags_clear();
	}
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_cuts),	   cmocka_unit_test(test_naive),
		cmocka_unit_test(test_budget),	   cmocka_unit_test(test_budget_of_fragments),
		cmocka_unit_test(lab_test_kernel),
	};

	return lab_run("scan", rows, sizeof(*rows), NROWS, test_row, others,
		       sizeof(others) / sizeof(*others));
}
