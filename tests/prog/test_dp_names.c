/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sets of names through libdp: packets meet them, changes at run time hold from the next packet on
 * and over reloads and restarts, a million takes no more memory than it should, and in the end
 * nothing is left.
 */

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp.h"
#include "heap.h"
#include "name_text.h"
#include "private.h"
#include "set_lab.h"
#include "set_names.h"
#include "sets_private.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct listed {
	char *text[4096];
	size_t count;
};

static int append(void *arg, const struct sl_dp_elem *elem)
{
	struct listed *listed = arg;

	assert_true(listed->count < 4096);
	listed->text[listed->count] = strdup(elem->text);
	assert_non_null(listed->text[listed->count]);
	listed->count++;
	return 0;
}

/* Each once, in the order of their bytes. */
static void assert_lists(const char *set, const char *want)
{
	static char got[1 << 20];
	static struct listed listed;
	size_t i;

	listed.count = 0;
	if (sl_dp_set_list(dp, set, append, &listed))
		fail_msg("%s", sl_dp_error(dp));
	qsort((void *)listed.text, listed.count, sizeof(*listed.text), compare);
	*got = '\0';
	for (i = 0; i < listed.count; i++) {
		strcat(got, listed.text[i]);
		strcat(got, " ");
		free(listed.text[i]);
	}
	assert_string_equal(got, want);
}

/* --- packets --- */

/* A query over UDP and IPv4 for a name as text. */
static size_t query(const char *name, unsigned char *frame)
{
	unsigned char *at = frame + 54, *label;

	memset(frame, 0, 54);
	memcpy(frame, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45", 15);
	memcpy(frame + 22, "\x40\x11\0\0\xc0\0\2\1\xc0\0\2\2\x10\0\0\x35", 16);
	memcpy(frame + 42, "\x12\x34\1\0\0\1", 6);
	while (*name) {
		label = at++;
		while (*name && *name != '.')
			*at++ = (unsigned char)*name++;
		*label = (unsigned char)(at - label - 1);
		name += *name == '.';
	}
	memcpy(at, "\0\0\1\0\1", 5);
	at += 5;
	frame[16] = (unsigned char)((at - frame - 14) >> 8);
	frame[17] = (unsigned char)(at - frame - 14);
	frame[38] = (unsigned char)((at - frame - 34) >> 8);
	frame[39] = (unsigned char)(at - frame - 34);
	return (size_t)(at - frame);
}

static bool drops(const char *name)
{
	unsigned char frame[512];
	size_t len = query(name, frame);
	struct sl_trace trace;

	if (sl_dp_run(dp, frame, len, 0, &trace, NULL, 0, NULL))
		fail_msg("%s", sl_dp_error(dp));
	assert_int_equal(trace.reason, SL_REASON_NONE);
	return trace.verdict == SL_DROP;
}

static void load(enum sl_hook hook)
{
	if (sl_dp_load_for_run(dp, hook))
		fail_msg("%s", sl_dp_error(dp));
}

/* --- tests --- */

#define SETS(more)                                                                           \
	"set ads { type domain; elements { ads.example, *.track.example, .both.example" more \
	" } }\n"                                                                             \
	"set allowed { type domain; counters; elements { *.com } }\n"                        \
	"chain ingress {\n policy accept\n dns qname @ads drop\n"                            \
	" dns qname *.org dns qname != @allowed drop\n dns qname @allowed count\n}\n"

static void packets_meet(enum sl_hook hook)
{
	pins = NULL;
	start();
	apply(SETS(""));
	load(hook);
	assert_true(drops("ads.example"));
	assert_true(drops("ADS.Example"));
	assert_false(drops("www.ads.example"));
	assert_false(drops("track.example"));
	assert_true(drops("a.b.track.example"));
	assert_true(drops("both.example"));
	assert_true(drops("x.both.example"));
	assert_false(drops("xboth.example"));
	assert_false(drops("example"));
	assert_true(drops("www.example.org"));
	assert_false(drops("org"));
	/* At once, one by one. */
	add("ads", "new.example");
	assert_true(drops("new.example"));
	add("ads", "*.New.example");
	assert_true(drops("a.new.example"));
	delete ("ads", "new.example");
	assert_false(drops("new.example"));
	assert_true(drops("a.new.example"));
	delete ("ads", ".new.example");
	assert_false(drops("a.new.example"));
	delete ("ads", "ads.example");
	assert_false(drops("ads.example"));
	delete ("ads", ".both.example");
	assert_false(drops("x.both.example"));
	add("allowed", "www.example.org");
	assert_false(drops("www.example.org"));
	assert_true(drops("www2.example.org"));
	sl_dp_freep(&dp);
}

static void test_packets_xdp(void **state)
{
	(void)state;
	packets_meet(SL_HOOK_XDP);
}

static void test_packets_tc(void **state)
{
	(void)state;
	packets_meet(SL_HOOK_TC_INGRESS);
}

static void test_asked(void **state)
{
	(void)state;
	pins = NULL;
	start();
	apply(SETS(""));
	assert_true(has("ads", "ads.example."));
	assert_false(has("ads", "*.ads.example"));
	assert_true(has("ads", "x.track.example"));
	assert_true(has("ads", "*.x.track.example"));
	assert_true(has("ads", ".x.track.example"));
	assert_false(has("ads", "track.example"));
	assert_false(has("ads", ".track.example"));
	assert_true(has("ads", ".both.example"));
	assert_lists("ads", "*.track.example .both.example ads.example ");
	assert_int_equal(info("ads").elements, 3);
	assert_true(info("ads").bytes >= 64);
	sl_dp_freep(&dp);
}

static int find_counted(void *arg, const struct sl_dp_elem *elem)
{
	struct sl_dp_elem *out = arg;

	if (strcmp(elem->text, "*.com") != 0)
		return 0;
	*out = *elem;
	return 1;
}

static void test_counters(void **state)
{
	struct sl_dp_elem elem = {};

	(void)state;
	pins = NULL;
	start();
	apply("set allowed { type domain; counters; elements { *.com } }\n"
	      "chain ingress {\n dns qname @allowed count\n }\n");
	load(SL_HOOK_XDP);
	assert_false(drops("a.com"));
	assert_false(drops("bc.com"));
	assert_false(drops("com"));
	assert_int_equal(sl_dp_set_list(dp, "allowed", find_counted, &elem), 1);
	assert_int_equal(elem.packets, 2);
	assert_int_equal(elem.bytes, 2 * 66 - 1);
	assert_true(elem.configured);
	/* They go on in a larger table, and over a reload. */
	for (int i = 0; i < 500; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.example", i);
		add("allowed", name);
	}
	assert_int_equal(sl_dp_set_list(dp, "allowed", find_counted, &elem), 1);
	assert_int_equal(elem.packets, 2);
	apply("set allowed { type domain; counters; elements { *.com, a.b } }\n"
	      "chain ingress {\n dns qname @allowed count\n }\n");
	assert_int_equal(info("allowed").elements, 502);
	assert_false(drops("d.com"));
	assert_int_equal(sl_dp_set_list(dp, "allowed", find_counted, &elem), 1);
	assert_int_equal(elem.packets, 3);
	sl_dp_freep(&dp);
}

static void test_errors(void **state)
{
	static const char *const bad[] = { "good.example", "192.0.2.1", "x.example" };

	(void)state;
	pins = NULL;
	start();
	apply("set s { type domain; size 2; elements { a.example } }\n"
	      "chain ingress {\n dns qname @s drop\n }\n");
	assert_int_equal(sl_dp_set_add(dp, "s", bad, 3, NULL), -EINVAL);
	assert_string_equal(
		sl_dp_error(dp),
		"element 2: '192.0.2.1' is no domain name: the last label of one is no number");
	assert_lists("s", "a.example ");
	assert_int_equal(sl_dp_set_add(dp, "s", bad, 1, &(__u32) { 60 }), -EINVAL);
	assert_string_equal(sl_dp_error(dp),
			    "elements of set 's' have no timeout, for the set has none");
	add("s", "b.example");
	add("s", "*.b.example");
	assert_int_equal(sl_dp_set_add(dp, "s", bad, 1, NULL), -ENOSPC);
	assert_string_equal(sl_dp_error(dp), "set 's' is full: its size is 2");
	delete ("s", "b.example");
	delete ("s", "*.b.example");
	add("s", "good.example");
	assert_lists("s", "a.example good.example ");
	assert_int_equal(sl_dp_set_add(dp, "t", bad, 1, NULL), -ENOENT);
	sl_dp_freep(&dp);
}

static void assert_empty(void)
{
	apply("chain ingress { policy accept }\n");
	assert_int_equal(dp_heap_settle(dp->heap), 0);
	assert_int_equal(dp_heap_used(dp->heap), 0);
}

/* What was changed stays over reloads of every kind, and over restarts. */
static void test_reload(void **state)
{
	__u32 body;

	(void)state;
	apply(SETS(""));
	add("ads", "mine.example");
	add("ads", "ads2.example");
	delete ("ads", "ads.example");
	delete ("ads", "ads2.example");
	body = dp_sets_of(dp, sl_dp_ruleset(dp))[0].body;
	apply(SETS("") "on short-ip4 drop\n");
	assert_int_equal(dp_sets_of(dp, sl_dp_ruleset(dp))[0].body, body);
	assert_lists("ads", "*.track.example .both.example mine.example ");
	apply(SETS(", more.example, mine.example"));
	assert_lists("ads", "*.track.example .both.example mine.example more.example ");
	restart();
	assert_lists("ads", "*.track.example .both.example mine.example more.example ");
	add("ads", "ads.example");
	apply(SETS(""));
	assert_lists("ads", "*.track.example .both.example ads.example mine.example ");
	restart();
	assert_true(has("ads", "mine.example"));
	assert_false(has("ads", "more.example"));
	assert_int_equal(sl_dp_set_flush(dp, "ads", NULL), 0);
	assert_lists("ads", "*.track.example .both.example ads.example ");
	assert_false(has("ads", "mine.example"));
	restart();
	assert_lists("ads", "*.track.example .both.example ads.example ");
	assert_empty();
}

/* A note without its change, as a killed process leaves it. */
static void test_cut_off(void **state)
{
	struct sl_domain domain = { .forms = SL_NAME_SELF, .length = 10, .text = "cut.on.net" };
	struct sl_names_body *body;

	(void)state;
	apply(SETS(""));
	add("ads", "first.example");
	body = dp_at(dp, dp_sets_of(dp, sl_dp_ruleset(dp))[0].body);
	assert_int_equal(sl_names_note(&dp->heap->heap, &domain, &body->changes, &body->last), 0);
	body->last = 0;
	restart();
	assert_true(has("ads", "cut.on.net"));
	assert_lists("ads", "*.track.example .both.example ads.example cut.on.net first.example ");
	assert_empty();
}

/* Names that come and go do not use memory up. */
static void test_notes(void **state)
{
	char name[64];
	__u64 bytes;
	int i;

	(void)state;
	apply(SETS(""));
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "a-rather-long-name-%d.example", i);
		add("ads", name);
	}
	bytes = info("ads").bytes;
	for (i = 0; i < 40000; i++) {
		snprintf(name, sizeof(name), "another-rather-long-name-%d.example", i % 100);
		add("ads", name);
		delete ("ads", name);
	}
	assert_true(info("ads").bytes < bytes + 600000);
	assert_int_equal(info("ads").elements, 53);
	restart();
	assert_int_equal(info("ads").elements, 53);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "a-rather-long-name-%d.example", i);
		assert_true(has("ads", name));
		delete ("ads", name);
	}
	assert_lists("ads", "*.track.example .both.example ads.example ");
	assert_empty();
}

/* --- a million --- */

#define MILLION 1000000

static unsigned int drawn = 1;

static unsigned int draw(unsigned int below)
{
	drawn = drawn * 1664525 + 1013904223;
	return (unsigned int)((unsigned long long)drawn * below >> 32);
}

/* As lists have them: words, some with a number, most of them in few domains; about 20 bytes. */
static void draw_name(char *to, size_t size, int i)
{
	static const char *const words[] = { "ad",   "track", "click", "media", "shop", "cloud",
					     "play", "stat",  "news",  "host",	"img",	"pixel",
					     "data", "login", "web",   "mail" };
	static const char *const ends[] = {
		"com", "com", "com", "net", "org", "de", "ru", "co.uk"
	};

	snprintf(to, size, "%s%s%s%x.%s", words[draw(16)], draw(2) ? "-" : ".", words[draw(16)], i,
		 ends[draw(8)]);
}

static long since_us(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from->tv_sec) * 1000000 + (to.tv_nsec - from->tv_nsec) / 1000;
}

static void test_million(void **state)
{
	static const char path[] = "/tmp/sluice-million-names";
	FILE *file = fopen(path, "w");
	struct timespec from;
	char name[64], some[64] = "";
	__u64 bytes, text = 0;
	int i;

	(void)state;
	assert_non_null(file);
	for (i = 0; i < MILLION; i++) {
		draw_name(name, sizeof(name), i);
		fprintf(file, "%s\n", name);
		text += strlen(name);
		if (i == 777777)
			strcpy(some, name);
	}
	fclose(file);
	clock_gettime(CLOCK_MONOTONIC, &from);
	apply("set m { type domain; file \"/tmp/sluice-million-names\" }\n"
	      "chain ingress { policy accept\n m: dns qname @m drop\n }\n");
	print_message("read and in force in %ld ms\n", since_us(&from) / 1000);
	unlink(path);
	assert_int_equal(info("m").elements, MILLION);
	bytes = info("m").bytes;
	print_message("%.1f bytes a name of %.1f\n", (double)bytes / MILLION,
		      (double)text / MILLION);
	assert_true(bytes <= 24ULL * MILLION);
	assert_true(dp_heap_used(dp->heap) <= 24ULL * MILLION);
	assert_true(has("m", some));
	assert_false(has("m", "www.example.com"));
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < 100; i++) {
		add("m", "www.example.com");
		delete ("m", "www.example.com");
	}
	print_message("%ld us a change\n", since_us(&from) / 200);
	/* 200 changes: milliseconds each would be a lot. */
	assert_true(since_us(&from) < 1000000);
	add("m", "www.example.com");
	delete ("m", some);
	restart();
	assert_true(has("m", "www.example.com"));
	assert_false(has("m", some));
	assert_int_equal(info("m").elements, MILLION);
	assert_empty();
}

static int namespaces(void **state)
{
	(void)state;
	return unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_packets_xdp, drop),
		cmocka_unit_test_teardown(test_packets_tc, drop),
		cmocka_unit_test_teardown(test_asked, drop),
		cmocka_unit_test_teardown(test_counters, drop),
		cmocka_unit_test_teardown(test_errors, drop),
		cmocka_unit_test_setup_teardown(test_reload, open_pinned, clean_up),
		cmocka_unit_test_setup_teardown(test_cut_off, open_pinned, clean_up),
		cmocka_unit_test_setup_teardown(test_notes, open_pinned, clean_up),
		cmocka_unit_test_setup_teardown(test_million, open_pinned, clean_up),
	};

	if (geteuid()) {
		printf("1..0 # skip needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, namespaces, NULL);
}
