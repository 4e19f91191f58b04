// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "names.h"
#include "table.h"

struct sl_replay_sum {
	const struct sl_conf *conf;
	struct sl_counter verdict[SL_VERDICT_MAX_];
	struct sl_counter reason[SL_REASON_MAX_];
	struct sl_counter all;
	unsigned long cut;
	unsigned long failed;
	struct sl_counter rule[]; /* [place in conf->rules] */
};

int sl_replay_sum_new(struct sl_replay_sum **out, const struct sl_conf *conf)
{
	struct sl_replay_sum *sum = calloc(1, sizeof(*sum) + conf->nrules * sizeof(sum->rule[0]));

	if (!sum)
		return -ENOMEM;
	sum->conf = conf;
	*out = sum;
	return 0;
}

void sl_replay_sum_freep(struct sl_replay_sum **sum)
{
	free(*sum);
	*sum = NULL;
}

static void count(struct sl_counter *counter, const struct sl_judged *judged)
{
	counter->packets++;
	counter->bytes += judged->frame->captured;
}

void sl_replay_sum_add(struct sl_replay_sum *sum, const struct sl_judged *judged)
{
	count(&sum->all, judged);
	sum->cut += judged->frame->captured < judged->frame->length;
	if (judged->err) {
		sum->failed++;
		return;
	}
	count(&sum->verdict[judged->trace.verdict % SL_VERDICT_MAX_], judged);
	if (judged->trace.reason)
		count(&sum->reason[judged->trace.reason % SL_REASON_MAX_], judged);
	if (judged->trace.blind)
		count(&sum->reason[judged->trace.blind % SL_REASON_MAX_], judged);
	if (judged->rule)
		count(&sum->rule[judged->rule - sum->conf->rules], judged);
}

static void add_counter(struct sl_table *table, const struct sl_counter *counter)
{
	char text[32];

	sl_table_cell(table, SL_PLAIN, "%llu", (unsigned long long)counter->packets);
	sl_table_cell(table, SL_PLAIN, "%s",
		      sl_text_bytes((double)counter->bytes, text, sizeof(text)));
}

static int print_verdicts(const struct sl_replay_sum *sum)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	int i;

	sl_table_column(table, SL_LEFT, "VERDICT");
	sl_table_column(table, SL_RIGHT, "PACKETS");
	sl_table_column(table, SL_RIGHT, "BYTES");
	for (i = 0; i < SL_VERDICT_MAX_; i++) {
		if (!sum->verdict[i].packets)
			continue;
		sl_table_cell(table, SL_PLAIN, "%s", sl_verdict_names[i]);
		add_counter(table, &sum->verdict[i]);
	}
	return sl_table_print(table, stdout);
}

static int print_reasons(const struct sl_replay_sum *sum)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	int i;

	sl_table_column(table, SL_LEFT, "REASON");
	sl_table_column(table, SL_RIGHT, "PACKETS");
	sl_table_column(table, SL_RIGHT, "BYTES");
	sl_table_column(table, SL_SHRINK, "WHAT IT SAYS");
	for (i = 1; i < SL_REASON_MAX_; i++) {
		if (!sum->reason[i].packets)
			continue;
		sl_table_cell(table, SL_PLAIN, "%s", sl_reason_names[i]);
		add_counter(table, &sum->reason[i]);
		sl_table_cell(table, SL_DIM, "%s", sl_reason_texts[i]);
	}
	if (!sl_table_is_empty(table))
		putchar('\n');
	return sl_table_print(table, stdout);
}

/* All rules that met a packet. */
static int print_rules(const struct sl_replay_sum *sum)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	const struct sl_conf *conf = sum->conf;
	size_t i;

	sl_table_column(table, SL_LEFT, "CHAIN");
	sl_table_column(table, SL_SHRINK, "RULE");
	sl_table_column(table, SL_RIGHT, "PACKETS");
	sl_table_column(table, SL_RIGHT, "BYTES");
	sl_table_column(table, SL_SHRINK, "TEXT");
	for (i = 0; i < conf->nrules; i++) {
		if (!sum->rule[i].packets)
			continue;
		sl_table_cell(table, SL_PLAIN, "%s", sl_dir_names[conf->rules[i].dir]);
		sl_table_cell(table, SL_PLAIN, "%s", conf->rules[i].name);
		add_counter(table, &sum->rule[i]);
		sl_table_cell(table, SL_DIM, "%s", conf->rules[i].text ?: "");
	}
	if (!sl_table_is_empty(table))
		putchar('\n');
	return sl_table_print(table, stdout);
}

int sl_replay_sum_print(const struct sl_replay_sum *sum)
{
	char bytes[32];

	printf("%s%llu packet%s, %s", sum->all.packets ? "\n" : "",
	       (unsigned long long)sum->all.packets, sum->all.packets == 1 ? "" : "s",
	       sl_text_bytes((double)sum->all.bytes, bytes, sizeof(bytes)));
	if (sum->cut)
		printf(", %lu cut short by the capture", sum->cut);
	if (sum->failed)
		printf(", %lu not judged", sum->failed);
	printf("\n\n");
	return print_verdicts(sum) ?: print_rules(sum) ?: print_reasons(sum);
}
