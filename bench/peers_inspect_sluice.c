// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Sluice's share of names and patterns: XDP by test run, on the frames that Suricata finds in its
 * pcap. Each frame is judged many times before the next one: what a frame leaves in caches is
 * there, which Suricata has less of.
 */

#include "inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "dp.h"
#include "rules.h"

#define SAMPLES 64 /* of misses */
#define CHECKED 1000
#define REPEAT	20000

static int fail(struct inspect_result *result, const char *why)
{
	snprintf(result->why, sizeof(result->why), "%.*s", (int)strcspn(why, "\n"), why);
	return 1;
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static char *rules_text(const struct inspect_work *work, const char *dir)
{
	char *text = NULL, word[INSPECT_WORD];
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	if (work->kind != INSPECT_PAYLOAD)
		fprintf(to, "set names { type domain; file \"%s/names\" }\n", dir);
	fputs("chain ingress {\npolicy accept\n", to);
	if (work->kind == INSPECT_DNS)
		fputs("dns qname @names drop\n", to);
	if (work->kind == INSPECT_TLS)
		fputs("tls sni @names drop\n", to);
	for (size_t i = 0; work->kind == INSPECT_PAYLOAD && i < work->count; i++) {
		inspect_word(work->kind, i, word);
		fprintf(to, "payload contains \"%s\" drop\n", word);
	}
	fputs("}\n", to);
	fclose(to);
	return text;
}

static int names_write(const struct inspect_work *work, const char *dir)
{
	char path[160], word[INSPECT_WORD];
	FILE *to;

	snprintf(path, sizeof(path), "%s/names", dir);
	to = fopen(path, "w");
	if (!to)
		return 1;
	for (size_t i = 0; i < work->count; i++) {
		inspect_word(work->kind, i, word);
		fprintf(to, "%s\n", word);
	}
	return fclose(to);
}

static int diag_fail(struct inspect_result *result, const struct sl_diag *diag)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return fail(result, "no memory");
	sl_diag_print(diag, to);
	fclose(to);
	fail(result, text);
	free(text);
	return 1;
}

static int apply(struct sl_dp *dp, const char *text, struct inspect_result *result)
{
	struct sl_conf *conf = NULL;
	struct sl_diag diag = {};
	double from = cpu_seconds();
	int err = sl_conf_parse(&conf, "rules", ".", text, &diag);

	if (err) {
		result->unknown = true;
		err = diag_fail(result, &diag);
	} else if (sl_dp_apply(dp, conf, &diag)) {
		err = fail(result, sl_dp_error(dp));
	}
	result->load = cpu_seconds() - from;
	sl_diag_clear(&diag);
	sl_conf_freep(&conf);
	return err;
}

static int judge(int fd, const struct inspect_sample *sample, size_t k, __u32 repeat,
		 __u32 *verdict)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = sample->frame[k],
		    .data_size_in = (__u32)sample->length[k], .repeat = (int)repeat);
	int err = bpf_prog_test_run_opts(fd, &opts);

	*verdict = opts.retval;
	return err;
}

static int check(int fd, const struct inspect_work *work, bool hit, struct inspect_result *result)
{
	static struct inspect_sample sample;
	size_t at = work->kind == INSPECT_TLS ? INSPECT_TLS_AT : 0;
	__u32 verdict;

	for (size_t i = 0; i < CHECKED; i++) {
		inspect_sample(work->kind, hit, i, work->count, &sample);
		for (size_t k = 0; k < sample.packets; k++) {
			if (judge(fd, &sample, k, 1, &verdict))
				return fail(result, strerror(errno));
			if (k == at && verdict != (hit ? XDP_DROP : XDP_PASS))
				return fail(result, hit ? "a message was missed"
							: "a message was taken for another");
		}
	}
	return 0;
}

static int measure(int fd, const struct inspect_work *work, struct inspect_result *result)
{
	static struct inspect_sample sample;
	size_t packets = 0;
	__u32 verdict;
	double from = cpu_seconds();

	for (size_t i = 0; i < SAMPLES; i++) {
		inspect_sample(work->kind, false, i, work->count, &sample);
		for (size_t k = 0; k < sample.packets; k++, packets++)
			if (judge(fd, &sample, k, REPEAT, &verdict))
				return fail(result, strerror(errno));
	}
	result->ns = (cpu_seconds() - from) * 1e9 / ((double)packets * REPEAT);
	return 0;
}

int inspect_sluice(const struct inspect_work *work, const char *dir, struct inspect_result *result)
{
	char *text = rules_text(work, dir);
	struct sl_dp *dp = NULL;
	int fd, err;

	if (!text || names_write(work, dir))
		return fail(result, strerror(errno));
	if (sl_dp_new(&dp, NULL) || sl_dp_start(dp))
		return fail(result, dp ? sl_dp_error(dp) : "no memory");
	err = apply(dp, text, result);
	fd = err ? -1 : sl_dp_load_for_bench(dp, SL_HOOK_XDP);
	if (!err && fd < 0)
		err = fail(result, sl_dp_error(dp));
	err = err || check(fd, work, true, result) || check(fd, work, false, result) ||
	      measure(fd, work, result);
	result->ran = !err;
	sl_dp_freep(&dp);
	free(text);
	return err;
}
