// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "lab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"

#define PAGE	  4096U
#define MAX_FRAGS 17U /* MAX_SKB_FRAGS */

const char *lab_no_kernel;

struct frame lab_frame(const struct layer *layers)
{
	static __u8 buf[PACKET_MAX];

	return (struct frame) { .bytes = buf, .len = packet_build(buf, layers) };
}

/* The same in both arenas, and in every run. */
void lab_name_key(char *arena)
{
	__u64 *key = (void *)(arena + SL_ARENA_NAME_KEY), word = 1;

	for (size_t i = 0; i < sizeof(struct sl_name_key) / sizeof(*key); i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		key[i] = word ^ word >> 29;
	}
}

int lab_setup(void **state)
{
	int err = host_init();

	(void)state;
	if (err)
		return err;
	err = kernel_init();
	/* -EACCES would be the verifier: no reason to skip. */
	if (err == -EPERM) {
		lab_no_kernel = "CAP_BPF and CAP_NET_ADMIN are missing";
		lab_name_key(host_arena);
		kernel_exit();
		return 0;
	}
	lab_name_key(host_arena);
	if (kernel_arena)
		lab_name_key(kernel_arena);
	if (err)
		fprintf(stderr, "programs do not load: %s\n", strerror(-err));
	return err;
}

int lab_teardown(void **state)
{
	(void)state;
	policy_free_all();
	kernel_exit();
	return 0;
}

void lab_test_kernel(void **state)
{
	(void)state;
	if (lab_no_kernel) {
		print_message("skip: %s\n", lab_no_kernel);
		skip();
	}
}

static size_t least_skb(const __u8 *frame)
{
	switch (frame[12] << 8 | frame[13]) {
	case 0x0800:
		return 34;
	case 0x86dd:
		return 54;
	default:
		return 15;
	}
}

bool lab_kernel_takes(enum way way, const struct frame *frame)
{
	if (frame->len < 14)
		return false;
	if (way_hook(way) == SL_HOOK_XDP) {
		size_t linear = frame->linear ? frame->linear : frame->len;

		return !frame->is_gso &&
		       frame->len - (linear < 3000 ? linear : 3000) <= (size_t)MAX_FRAGS * PAGE;
	}
	/* An skb is linear here, of one page at most, and holds the IP header that it announces. */
	return frame->len >= least_skb(frame->bytes) && frame->len < 3500;
}

void lab_print(const char *what, const struct sl_trace *t)
{
	fprintf(stderr,
		"  %-18s %s %s blind %s slot %u length %u network %u transport %u payload %u+%u\n"
		"  %-18s l3 %u l4 %u link %llx xport %llx addr %llx %llx %llx %llx ports %u %u\n",
		what, sl_verdict_names[t->verdict % SL_VERDICT_MAX_],
		sl_reason_names[t->reason % SL_REASON_MAX_],
		sl_reason_names[t->blind % SL_REASON_MAX_], t->slot, t->length, t->network,
		t->transport, t->payload, t->payload_length, "", t->key.l3, t->key.l4, t->key.link,
		t->key.xport, t->key.addr[0], t->key.addr[1], t->key.addr[2], t->key.addr[3],
		t->key.sport, t->key.dport);
}

bool lab_same(const char *what, const struct frame *frame, const struct sl_trace *got,
	      const struct sl_trace *wanted)
{
	if (!memcmp(got, wanted, sizeof(*got)))
		return true;
	fprintf(stderr, "%s, linear %zu of %zu:\n", what, frame->linear, frame->len);
	lab_print("got", got);
	lab_print("wanted", wanted);
	packet_print(frame->bytes, frame->len < 4000 ? frame->len : 4000);
	return false;
}

int lab_run(const char *group, const void *rows, size_t size, size_t nrows,
	    CMUnitTestFunction test_row, const struct CMUnitTest *others, size_t nothers)
{
	struct CMUnitTest *tests = calloc(nrows + nothers, sizeof(*tests));
	int failed;

	if (!tests)
		abort();
	for (size_t i = 0; i < nrows; i++) {
		const char *row = (const char *)rows + i * size;

		tests[i] = (struct CMUnitTest) { .name = *(const char *const *)row,
						 .test_func = test_row,
						 .initial_state = (void *)row };
	}
	memcpy(tests + nrows, others, nothers * sizeof(*tests));
	failed = _cmocka_run_group_tests(group, tests, nrows + nothers, lab_setup, lab_teardown);
	free(tests);
	return failed ? 1 : 0;
}

void lab_bucket_fill(void)
{
	memset(host_arena + SL_ARENA_STATE, 0, sizeof(struct sl_state));
	if (kernel_arena)
		memset(kernel_arena + SL_ARENA_STATE, 0, sizeof(struct sl_state));
}
