// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What names cost: DNS queries and ClientHellos over the empty rule set, for names that are all in a set
 * or asked for by rules, and for others. A million names come before one comes again, from 65,536 ports;
 * what is dropped makes no flow, so each ClientHello is the first of its flow. CPU time of this thread,
 * rounds in which the rule sets take their turn, the least of each.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "dp.h"
#include "rules.h"

#include "hello.h"
#include "queries.h"
#include "queries.skel.h"

#define ROUNDS 5
#define REPEAT 1000000
#define LABEL  16 /* bytes: what queries.bpf.c writes */
#define END    ".example.com"

static struct sl_dp *dp;
static struct queries_bpf *queries;
static struct sl_query *labels;

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	return 1;
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The label of name number i: another one for each number. */
static void label_make(__u64 number, __u8 label[LABEL])
{
	__u64 word = (number + 1) * 0x9e3779b97f4a7c15ULL;
	int i;

	for (i = 0; i < LABEL; i++, word = word >> 4 | word << 60)
		label[i] = (__u8)("abcdefghijklmnop"[word & 15]);
}

/* Names from first on; half of the numbers where there are fewer names than that. */
static void labels_fill(__u64 first, __u64 count)
{
	__u64 state = 88172645463325252ULL;
	size_t i;

	for (i = 0; i < SL_QUERIES; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		label_make(first + (state >> 20) % count, labels[i].bytes);
	}
}

/* --- messages --- */

#define TEXT_AT 54 /* of a segment */

static struct message {
	const char *field; /* that rules ask for */
	__u8 frame[256];
	__u32 length;
	__u32 name_at;
} dns = { .field = "dns qname" }, tls = { .field = "tls sni" };

static void dns_make(void)
{
	static const __u8 frame[54 + 1] = {
		2,     0,    0, 0,  0, 0,  2, 0, 0,  0,	 0, 1, 8,  0, /* Ethernet */
		0x45,  0,    0, 74, 0, 1,  0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 2, /* IPv4 */
		0x12,  0x34, 0, 53, 0, 54, 0, 0, /* UDP */
		1,     2,    1, 0,  0, 1,  0, 0, 0,  0,	 0, 0, /* DNS */
		LABEL,
	};

	memcpy(dns.frame, frame, sizeof(frame));
	memcpy(dns.frame + 55 + LABEL, "\7example\3com\0\0\1\0\1", 17);
	dns.length = 55 + LABEL + 17;
	dns.name_at = 55;
}

static void tls_make(void)
{
	static const __u8 frame[TEXT_AT] = {
		2,    0,    0,	0,    0, 0, 2, 0, 0,  0, 0, 1, 8,    0, /* Ethernet */
		0x45, 0,    0,	0,    0, 1, 0, 0, 64, 6, 0, 0, 10,   1,
		0,    1,    10, 2,    0, 2, /* IPv4 */
		0x12, 0x34, 1,	0xbb, 0, 0, 0, 1, 0,  0, 0, 1, 0x50, 0x18, /* TCP */
	};

	memcpy(tls.frame, frame, sizeof(frame));
	tls.length = TEXT_AT + (__u32)hello_put(tls.frame + TEXT_AT, "abcdefghijklmnop" END);
	tls.name_at = tls.length - (__u32)strlen("abcdefghijklmnop" END);
	tls.frame[17] = (__u8)(tls.length - 14);
}

static double turn(const struct message *message)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .repeat = REPEAT, .data_in = message->frame,
		    .data_size_in = message->length);
	double from;

	queries->bss->name_at = message->name_at;
	from = seconds(CLOCK_THREAD_CPUTIME_ID);
	if (bpf_prog_test_run_opts(bpf_program__fd(queries->progs.query), &opts) ||
	    opts.retval != 1)
		return -1;
	return (seconds(CLOCK_THREAD_CPUTIME_ID) - from) * 1e9 / REPEAT;
}

/* --- rule sets --- */

static struct sl_conf *conf_make(const char *text)
{
	struct sl_conf *conf = NULL;
	struct sl_diag diag = {};

	if (sl_conf_parse(&conf, "bench", ".", text, &diag))
		sl_diag_print(&diag, stderr);
	sl_diag_clear(&diag);
	return conf;
}

static int apply(struct sl_conf *conf)
{
	struct sl_diag diag = {};
	int err = sl_dp_apply(dp, conf, &diag);

	sl_diag_clear(&diag);
	return err ? fail("apply", sl_dp_error(dp)) : 0;
}

static struct sl_conf *set_make(const struct message *message, size_t count)
{
	char path[] = "/tmp/sluice-bench-XXXXXX", text[256];
	int fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	struct sl_conf *conf;
	__u8 label[LABEL];
	size_t i;

	for (i = 0; file && i < count; i++) {
		label_make(i, label);
		fprintf(file, "%.*s" END "\n", LABEL, (const char *)label);
	}
	if (file)
		fclose(file);
	snprintf(text, sizeof(text),
		 "set s { type domain; file \"%s\" }\n"
		 "chain ingress { policy drop\n %s @s drop\n }",
		 path, message->field);
	conf = conf_make(text);
	if (conf && apply(conf))
		sl_conf_freep(&conf);
	unlink(path);
	return conf;
}

static struct sl_conf *rules_make(const struct message *message, size_t count)
{
	size_t size = count * 64 + 64, used, i;
	struct sl_conf *conf;
	char *text = malloc(size);
	__u8 label[LABEL];

	if (!text)
		return NULL;
	used = (size_t)snprintf(text, size, "chain ingress { policy drop\n");
	for (i = 0; i < count; i++) {
		label_make(i, label);
		used += (size_t)snprintf(text + used, size - used, "%s %.*s" END " drop\n",
					 message->field, LABEL, (const char *)label);
	}
	snprintf(text + used, size - used, "}\n");
	conf = conf_make(text);
	free(text);
	if (conf && apply(conf))
		sl_conf_freep(&conf);
	return conf;
}

static int least_of(const struct message *message, double *least)
{
	int round;

	*least = 0;
	for (round = 0; round < ROUNDS; round++) {
		double ns = turn(message);

		if (ns < 0)
			return fail("packets", "one was not dropped");
		if (!round || ns < *least)
			*least = ns;
	}
	return 0;
}

struct row {
	const char *what;
	const struct message *message;
	size_t count;
	struct sl_conf *(*make)(const struct message *message, size_t count);
};

static const struct row rows[] = {
	{ "dns, in a set", &dns, 1000, set_make },    { "dns, in a set", &dns, 1000000, set_make },
	{ "dns, in a set", &dns, 6000000, set_make }, { "dns, rules", &dns, 10, rules_make },
	{ "dns, rules", &dns, 10000, rules_make },    { "tls, in a set", &tls, 1000, set_make },
	{ "tls, in a set", &tls, 1000000, set_make }, { "tls, rules", &tls, 10000, rules_make },
};

static int measure(const struct row *row, struct sl_conf *empty)
{
	double from = seconds(CLOCK_MONOTONIC), loaded, bare = 0, hit = 0, miss = 0;
	struct sl_conf *conf = row->make(row->message, row->count);
	struct sl_dp_set set = {};
	int err = !conf;
	bool sized;

	loaded = seconds(CLOCK_MONOTONIC) - from;
	labels_fill(0, row->count);
	err = err || least_of(row->message, &hit);
	sized = !err && !sl_dp_set_find(dp, "s", &set);
	labels_fill(1ULL << 40, SL_QUERIES);
	err = err || least_of(row->message, &miss) || apply(empty) || least_of(row->message, &bare);
	if (!err)
		printf("%-14s %8zu %+9.1f %+9.1f %9.2f %9.1f\n", row->what, row->count, hit - bare,
		       miss - bare, loaded, sized ? (double)set.bytes / (double)row->count : 0);
	fflush(stdout);
	sl_conf_freep(&conf);
	return err;
}

static int prepare(void)
{
	__u32 zero = 0;
	int fd;

	queries = queries_bpf__open_and_load();
	if (!queries)
		return fail("queries", strerror(errno));
	labels = mmap(NULL, SL_QUERIES * sizeof(*labels), PROT_READ | PROT_WRITE, MAP_SHARED,
		      bpf_map__fd(queries->maps.labels), 0);
	if (labels == MAP_FAILED)
		return fail("queries", strerror(errno));
	if (sl_dp_new(&dp, NULL) || sl_dp_start(dp))
		return fail("start", dp ? sl_dp_error(dp) : "no memory");
	fd = sl_dp_load_for_bench(dp, SL_HOOK_XDP);
	if (fd < 0)
		return fail("load", sl_dp_error(dp));
	if (bpf_map_update_elem(bpf_map__fd(queries->maps.next), &zero, &fd, BPF_ANY))
		return fail("tail call", strerror(errno));
	return 0;
}

int main(void)
{
	struct sl_conf *empty = conf_make("chain ingress { policy drop }");
	int err = !empty || prepare();
	size_t i;

	dns_make();
	tls_make();
	if (!err)
		printf("names: ns a message over the empty rule set, at XDP, least of %d rounds of %d\n\n"
		       "%-14s %8s %9s %9s %9s %9s\n",
		       ROUNDS, REPEAT, "names", "count", "hit", "miss", "load s", "bytes");
	for (i = 0; !err && i < sizeof(rows) / sizeof(*rows); i++)
		err = measure(&rows[i], empty);
	sl_conf_freep(&empty);
	sl_dp_freep(&dp);
	queries_bpf__destroy(queries);
	return err;
}
