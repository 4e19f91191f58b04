/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sets of every kind through libdp: packets meet them, changes at run time hold from the next packet
 * on and over reloads, restarts and kill -9, and in the end nothing is left.
 */

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "dp.h"
#include "heap.h"
#include "private.h"
#include "set_lab.h"
#include "set_maps.h"
#include "set_roots.h"
#include "sets_private.h"

static int append(void *arg, const struct sl_dp_elem *elem)
{
	strcat(arg, elem->text);
	strcat(arg, "\n");
	return 0;
}

static void assert_lists(const char *set, const char *want)
{
	static char got[1 << 20];

	*got = '\0';
	if (sl_dp_set_list(dp, set, append, got))
		fail_msg("%s", sl_dp_error(dp));
	assert_string_equal(got, want);
}

/* --- packets --- */

struct packet {
	const char *saddr, *daddr;
	unsigned int proto, sport, dport;
};

static size_t fill(const struct packet *p, unsigned char *frame)
{
	bool six = strchr(p->saddr, ':');
	unsigned char *ports = frame + (six ? 54 : 34);

	memset(frame, 0, 80);
	memcpy(frame, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	frame[12] = six ? 0x86 : 8;
	frame[13] = six ? 0xdd : 0;
	frame[14] = six ? 0x60 : 0x45;
	if (six) {
		frame[19] = 20;
		frame[20] = (unsigned char)p->proto;
		frame[21] = 64;
		inet_pton(AF_INET6, p->saddr, frame + 22);
		inet_pton(AF_INET6, p->daddr, frame + 38);
	} else {
		frame[17] = 40;
		frame[22] = 64;
		frame[23] = (unsigned char)p->proto;
		inet_pton(AF_INET, p->saddr, frame + 26);
		inet_pton(AF_INET, p->daddr, frame + 30);
	}
	ports[0] = (unsigned char)(p->sport >> 8);
	ports[1] = (unsigned char)p->sport;
	ports[2] = (unsigned char)(p->dport >> 8);
	ports[3] = (unsigned char)p->dport;
	if (p->proto == 6)
		ports[12] = 0x50;
	else
		ports[5] = 20;
	return six ? 74 : 54;
}

static enum sl_verdict verdict(const struct packet *p)
{
	unsigned char frame[80];
	size_t len = fill(p, frame);
	struct sl_trace trace;

	if (sl_dp_run(dp, frame, len, 0, &trace, NULL, 0, NULL))
		fail_msg("%s", sl_dp_error(dp));
	assert_int_equal(trace.reason, SL_REASON_NONE);
	return (enum sl_verdict)trace.verdict;
}

static void assert_judged(enum sl_verdict want, const char *saddr, unsigned int dport)
{
	struct packet p = { saddr, strchr(saddr, ':') ? "2001:db8:f::1" : "203.0.113.1", 6, 4000,
			    dport };

	assert_int_equal(verdict(&p), want);
}

static void load(enum sl_hook hook)
{
	if (sl_dp_load_for_run(dp, hook))
		fail_msg("%s", sl_dp_error(dp));
}

/* --- tests --- */

static const char all_kinds[] =
	"set addrs { type addr; elements { 192.0.2.1, 198.51.100.0/24, 2001:db8:1::/48, 2001:db8:2::1 } }\n"
	"set timed { type addr; timeout 10m; size 4; elements { 203.0.113.9 } }\n"
	"set pairs { type addr . port; elements { 192.0.2.7 . 80, 2001:db8::7 . 80 } }\n"
	"set nets { type prefix; counters; elements { 10.0.0.0/8, 10.9.0.0/16, 2001:db8:3::/48 } }\n"
	"set macs { type mac; elements { 02:00:00:00:00:09 } }\n"
	"set ports { type port; elements { 22, 8000-8100 } }\n"
	"set protos { type proto; elements { 132 } }\n"
	"chain ingress {\n"
	"	policy accept\n"
	"	addrs: saddr @addrs drop\n"
	"	timed: saddr @timed drop\n"
	"	pairs: saddr . dport @pairs drop\n"
	"	nets: saddr @nets drop\n"
	"	macs: ether saddr @macs drop\n"
	"	ports: tcp dport @ports drop\n"
	"	protos: ip protocol @protos drop\n"
	"	not: udp dport != @ports drop\n"
	"}\n";

static void packets_meet(enum sl_hook hook)
{
	struct packet udp = { "192.0.2.9", "203.0.113.1", 17, 4000, 22 };

	pins = NULL;
	start();
	apply(all_kinds);
	load(hook);
	assert_judged(SL_DROP, "192.0.2.1", 443);
	assert_judged(SL_ACCEPT, "192.0.2.2", 443);
	assert_judged(SL_DROP, "198.51.100.255", 443);
	assert_judged(SL_DROP, "2001:db8:1:ffff::1", 443);
	assert_judged(SL_ACCEPT, "2001:db8:4::1", 443);
	assert_judged(SL_DROP, "2001:db8:2::1", 443);
	assert_judged(SL_ACCEPT, "2001:db8:2::2", 443);
	assert_judged(SL_DROP, "203.0.113.9", 443);
	assert_judged(SL_DROP, "192.0.2.7", 80);
	assert_judged(SL_ACCEPT, "192.0.2.7", 81);
	assert_judged(SL_DROP, "2001:db8::7", 80);
	assert_judged(SL_ACCEPT, "2001:db8::7", 81);
	assert_judged(SL_DROP, "10.200.0.1", 443);
	assert_judged(SL_DROP, "2001:db8:3::1", 443);
	assert_judged(SL_DROP, "192.0.2.2", 22);
	assert_judged(SL_DROP, "192.0.2.2", 8100);
	assert_judged(SL_ACCEPT, "192.0.2.2", 8101);
	assert_int_equal(verdict(&udp), SL_ACCEPT);
	udp.dport = 23;
	assert_int_equal(verdict(&udp), SL_DROP);
	/* At once, one by one. */
	add("addrs", "192.0.2.2");
	assert_judged(SL_DROP, "192.0.2.2", 443);
	delete ("addrs", "192.0.2.2");
	assert_judged(SL_ACCEPT, "192.0.2.2", 443);
	delete ("addrs", "2001:db8:1::5");
	assert_judged(SL_ACCEPT, "2001:db8:1::5", 443);
	assert_judged(SL_DROP, "2001:db8:1::6", 443);
	add("timed", "192.0.2.3");
	assert_judged(SL_DROP, "192.0.2.3", 443);
	delete ("timed", "192.0.2.3");
	assert_judged(SL_ACCEPT, "192.0.2.3", 443);
	add("pairs", "192.0.2.3 . 99");
	assert_judged(SL_DROP, "192.0.2.3", 99);
	add("macs", "02:00:00:00:00:02");
	assert_judged(SL_DROP, "192.0.2.200", 443);
	delete ("macs", "02:00:00:00:00:02");
	add("ports", "443");
	assert_judged(SL_DROP, "192.0.2.200", 443);
	add("nets", "172.16.0.0/12");
	delete ("nets", "10.0.0.0/8");
	assert_judged(SL_DROP, "172.31.0.1", 99);
	assert_judged(SL_ACCEPT, "10.200.0.1", 99);
	assert_judged(SL_DROP, "10.9.0.1", 99);
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

static int find_counted(void *arg, const struct sl_dp_elem *elem)
{
	struct sl_dp_elem *out = arg;

	if (strcmp(elem->text, "10.9.0.0/16") != 0)
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
	apply(all_kinds);
	load(SL_HOOK_XDP);
	assert_judged(SL_DROP, "10.9.0.1", 99);
	assert_judged(SL_DROP, "10.9.0.2", 99);
	assert_judged(SL_DROP, "10.8.0.2", 99);
	assert_int_equal(sl_dp_set_list(dp, "nets", find_counted, &elem), 1);
	assert_int_equal(elem.packets, 2);
	assert_int_equal(elem.bytes, 108);
	assert_true(elem.configured);
	sl_dp_freep(&dp);
}

static long milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* From when it was added; however late this looks. The data path's clock has ticks. */
static void assert_drops_for_a_second(const char *saddr, long added)
{
	struct packet p = { saddr, "203.0.113.1", 6, 4000, 1 };

	for (int i = 0; i < 1000 && verdict(&p) == SL_DROP; i++)
		usleep(10000);
	assert_true(milliseconds(CLOCK_MONOTONIC) - added >= 980);
	assert_int_equal(verdict(&p), SL_ACCEPT);
}

static void test_expiry(void **state)
{
	const char *text = "10.1.0.0/16";
	const __u32 second = 1, hour = 3600;
	long added;

	(void)state;
	pins = NULL;
	start();
	apply("set a { type addr; timeout 1h }\nset p { type prefix; timeout 1h }\n"
	      "chain ingress { policy accept\n a: saddr @a drop\n p: saddr @p drop\n }");
	load(SL_HOOK_XDP);
	assert_int_equal(sl_dp_set_add(dp, "p", &text, 1, &second), 0);
	text = "10.1.0.0/15";
	assert_int_equal(sl_dp_set_add(dp, "p", &text, 1, &second), 0);
	text = "10.0.0.0/8";
	assert_int_equal(sl_dp_set_add(dp, "p", &text, 1, &hour), 0);
	/* The last of those for a second: with it the others have expired. */
	text = "192.0.2.3";
	added = milliseconds(CLOCK_MONOTONIC);
	assert_int_equal(sl_dp_set_add(dp, "a", &text, 1, &second), 0);
	assert_drops_for_a_second("192.0.2.3", added);
	assert_true(milliseconds(CLOCK_MONOTONIC) - added < 3600 * 1000);
	/* The longer prefixes have expired, and hide none that has not. */
	assert_judged(SL_DROP, "10.1.0.1", 1);
	assert_true(has("p", "10.1.0.1"));
	assert_int_equal(info("p").elements, 3);
	sl_dp_sets_sweep(dp, NULL, NULL);
	assert_int_equal(info("a").elements, 0);
	assert_int_equal(info("p").elements, 1);
	sl_dp_freep(&dp);
}

static void test_errors(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	const char *bad = "192.0.2";
	const __u32 second = 1;
	bool in;

	(void)state;
	pins = NULL;
	start();
	apply("set a { type addr; size 2 }\nset t { type addr; timeout 1h; size 2 }\n");
	assert_int_equal(sl_dp_set_add(dp, "b", texts, 1, NULL), -ENOENT);
	assert_string_equal(sl_dp_error(dp), "there is no set 'b'");
	assert_int_equal(sl_dp_set_add(dp, "a", &bad, 1, NULL), -EINVAL);
	assert_string_equal(sl_dp_error(dp), "element 1: '192.0.2' is not an address");
	assert_int_equal(sl_dp_set_test(dp, "a", bad, &in), -EINVAL);
	assert_int_equal(sl_dp_set_add(dp, "a", texts, 1, &second), -EINVAL);
	add("a", "10.0.0.0/8");
	add("a", "192.0.2.0/24");
	assert_int_equal(sl_dp_set_add(dp, "a", &bad, 1, NULL), -EINVAL);
	bad = "198.51.100.1";
	assert_int_equal(sl_dp_set_add(dp, "a", &bad, 1, NULL), -ENOSPC);
	assert_string_equal(sl_dp_error(dp), "set 'a' is full: its size is 2");
	assert_int_equal(sl_dp_set_add(dp, "t", texts, 3, NULL), -ENOSPC);
	assert_string_equal(sl_dp_error(dp), "set 't' is full: its size is 2");
	assert_int_equal(info("t").elements, 2);
	sl_dp_freep(&dp);
}

/* What was changed at run time is made again over what the configuration now has. */
static void test_reload(void **state)
{
	__u32 body;

	(void)state;
	apply("set a { type addr; elements { 10.0.0.0/8, 192.0.2.1 } }\n"
	      "set e { type addr; timeout 1h; elements { 192.0.2.1, 192.0.2.2 } }\n");
	body = dp_sets_of(dp, sl_dp_ruleset(dp))[0].body;
	add("a", "172.16.0.1");
	add("a", "2001:db8::1");
	delete ("a", "10.1.0.0/16");
	delete ("a", "198.51.100.1");
	add("e", "192.0.2.3");
	/* Only the rules are others: the set is the same one. */
	apply("set a { type addr; elements { 10.0.0.0/8, 192.0.2.1 } }\n"
	      "set e { type addr; timeout 1h; elements { 192.0.2.1, 192.0.2.2 } }\n"
	      "chain ingress { policy drop }\n");
	assert_int_equal(dp_sets_of(dp, sl_dp_ruleset(dp))[0].body, body);
	assert_true(has("a", "172.16.0.1"));
	/* Another content. */
	apply("set e { type addr; timeout 1h; elements { 192.0.2.2, 192.0.2.9 } }\n"
	      "set a { type addr; elements { 10.0.0.0/7, 198.51.100.0/30 } }\n");
	assert_int_not_equal(dp_sets_of(dp, sl_dp_ruleset(dp))[1].body, body);
	assert_false(has("a", "10.1.2.3"));
	assert_false(has("a", "192.0.2.1"));
	assert_false(has("a", "198.51.100.1"));
	assert_true(has("a", "11.1.2.3"));
	assert_true(has("a", "172.16.0.1"));
	assert_true(has("a", "2001:db8::1"));
	assert_false(has("e", "192.0.2.1"));
	assert_true(has("e", "192.0.2.2"));
	assert_true(has("e", "192.0.2.3"));
	assert_true(has("e", "192.0.2.9"));
	/* A restart changes nothing. */
	restart();
	assert_true(has("a", "172.16.0.1"));
	assert_false(has("a", "198.51.100.1"));
	assert_true(has("e", "192.0.2.3"));
	assert_int_equal(sl_dp_set_flush(dp, "a", NULL), 0);
	assert_int_equal(sl_dp_set_flush(dp, "e", NULL), 0);
	assert_lists("a", "");
	assert_false(has("e", "192.0.2.3"));
	assert_true(has("e", "192.0.2.9"));
	/* Another size: the elements go over. */
	add("e", "192.0.2.4");
	apply("set e { type addr; timeout 1h; size 9; elements { 192.0.2.2 } }\n");
	assert_true(has("e", "192.0.2.4"));
	assert_false(has("e", "192.0.2.9"));
	assert_int_equal(info("e").elements, 2);
	/* Gone, and new again. */
	apply("chain ingress { policy drop }\n");
	apply("set a { type addr }\nset e { type addr; timeout 1h }\n");
	assert_lists("a", "");
	assert_lists("e", "");
}

/* What cannot come into force leaves what is. */
static void test_failed_reload(void **state)
{
	(void)state;
	apply("set e { type addr; timeout 1h; size 3; elements { 192.0.2.1 } }\n");
	add("e", "192.0.2.2");
	add("e", "192.0.2.3");
	assert_int_equal(try_apply("set a { type addr; elements { 192.0.2.1 } }\n"
				   "set e { type addr; timeout 1h; size 3; "
				   "elements { 192.0.2.3, 192.0.2.4 } }\n"),
			 -ENOSPC);
	assert_string_equal(sl_dp_error(dp), "set 'e' is full: its size is 3");
	assert_true(has("e", "192.0.2.2"));
	assert_false(has("e", "192.0.2.4"));
	assert_int_equal(sl_dp_set_flush(dp, "e", NULL), 0);
	assert_lists("e", "192.0.2.1\n");
	assert_int_equal(dp_heap_settle(dp->heap), 0);
	assert_int_equal(dp_heap_used(dp->heap), 0);
}

/* --- kill -9 --- */

static __u32 seed = 1;

static __u32 draw(__u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static const char base_text[] = "set a { type addr; elements { 10.0.0.0/9, 2001:db8::/32 } }\n"
				"set e { type addr; timeout 1h; elements { 192.0.2.1 } }\n";
static const char other_text[] = "set a { type addr; elements { 10.0.0.0/9, 192.0.2.1 } }\n"
				 "set e { type addr; timeout 1h; elements { 192.0.2.7 } }\n";

static void change_for_ever(void)
{
	char text[64];

	for (;;) {
		const char *elem = text;
		__u32 n = draw(1 << 16);

		if (draw(2))
			snprintf(text, sizeof(text), "10.%u.%u.0/%u", n >> 8, n & 255,
				 17 + draw(16));
		else
			snprintf(text, sizeof(text), "2001:db8:%x::/%u", n, 40 + draw(80));
		if (draw(2))
			sl_dp_set_add(dp, "a", &elem, 1, NULL);
		else
			sl_dp_set_delete(dp, "a", &elem, 1);
		if (!draw(50))
			try_apply(draw(2) ? base_text : other_text);
	}
}

/* Another process, for the arena is mapped once in each: starts, changes, is killed. */
static void changes_killed(__u32 after_us)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		if (sl_dp_new(&dp, PINS) || sl_dp_start(dp))
			_exit(1);
		change_for_ever();
	}
	usleep(after_us);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Nothing that is in use is free, nothing that is free in use, and packets' view is the sum. */
static void check_after_kill(void)
{
	struct sl_set_body *body = dp_at(dp, dp_sets_of(dp, sl_dp_ruleset(dp))[0].body);
	_cleanup_(sl_elems_clear) struct sl_conf_elems now = {}, added = {}, deleted = {};
	size_t i;

	assert_int_equal(body->change.what, SL_SET_NOTHING);
	assert_int_equal(sl_roots_read(&dp->heap->heap, &body->now, &now), 0);
	assert_int_equal(sl_roots_read(&dp->heap->heap, &body->added, &added), 0);
	assert_int_equal(sl_roots_read(&dp->heap->heap, &body->deleted, &deleted), 0);
	/* The configuration has 10.0.0.0/9: all of it but what was deleted, and what was added. */
	for (i = 0; i < added.four.count; i++)
		assert_true(sl_intervals_have(&now.four, added.four.v[i].low) &&
			    sl_intervals_have(&now.four, added.four.v[i].high));
	for (i = 0; i < deleted.four.count; i++)
		assert_false(sl_intervals_have(&now.four, deleted.four.v[i].low) ||
			     sl_intervals_have(&now.four, deleted.four.v[i].high));
	for (i = 0; i < 2000; i++) {
		sl_u128 addr = 0x0a000000 + draw(1 << 24);
		bool want = (addr < 0x0a800000 || sl_intervals_have(&added.four, addr)) &&
			    !sl_intervals_have(&deleted.four, addr);

		assert_int_equal(sl_intervals_have(&now.four, addr), want);
	}
}

static void test_killed(void **state)
{
	int turn;

	(void)state;
	apply(base_text);
	sl_dp_freep(&dp);
	for (turn = 0; turn < 25; turn++) {
		changes_killed(5000 + draw(60000));
		seed += (__u32)turn;
		start();
		check_after_kill();
		sl_dp_freep(&dp);
	}
	start();
	/* With the sets gone the heap is empty: nothing was lost on the way. */
	apply("chain ingress { policy accept }\n");
	assert_int_equal(dp_heap_settle(dp->heap), 0);
	assert_int_equal(dp_heap_used(dp->heap), 0);
}

/* --- a million --- */

static void test_million(void **state)
{
	char path[] = "/tmp/sluice-million-XXXXXX", text[200];
	FILE *file = fdopen(mkstemp(path), "w");
	long began;
	__u32 i;

	(void)state;
	assert_non_null(file);
	for (i = 0; i < 1000000; i++)
		fprintf(file, "%u.%u.%u.%u\n", 1 + draw(200), draw(256), draw(256), draw(256));
	fclose(file);
	pins = NULL;
	start();
	snprintf(text, sizeof(text),
		 "set m { type addr; file \"%s\" }\n"
		 "chain ingress { policy accept\n m: saddr @m drop\n }\n",
		 path);
	apply(text);
	unlink(path);
	load(SL_HOOK_XDP);
	assert_true(info("m").bytes < 64 << 20);
	delete ("m", "203.0.113.5");
	assert_judged(SL_ACCEPT, "203.0.113.5", 1);
	began = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
	for (i = 0; i < 100; i++) {
		add("m", "203.0.113.5");
		delete ("m", "203.0.113.5");
	}
	/* 200 changes: milliseconds each would be a lot, whoever else uses the machine. */
	assert_true(milliseconds(CLOCK_PROCESS_CPUTIME_ID) - began < 1000);
	add("m", "203.0.113.5");
	assert_judged(SL_DROP, "203.0.113.5", 1);
	assert_true(has("m", "203.0.113.5"));
	sl_dp_freep(&dp);
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
		cmocka_unit_test_teardown(test_counters, drop),
		cmocka_unit_test_teardown(test_expiry, drop),
		cmocka_unit_test_teardown(test_errors, drop),
		cmocka_unit_test_setup_teardown(test_reload, open_pinned, clean_up),
		cmocka_unit_test_setup_teardown(test_failed_reload, open_pinned, clean_up),
		cmocka_unit_test_setup_teardown(test_killed, open_pinned, clean_up),
		cmocka_unit_test_teardown(test_million, drop),
	};

	if (geteuid()) {
		printf("1..0 # skip needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, namespaces, NULL);
}
