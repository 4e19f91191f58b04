// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "flows.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "kernel.h"

static struct sl_flow_line *line_of(const char *arena, __u32 bucket)
{
	return (void *)(arena + sl_flow_line_offset(bucket));
}

static struct sl_flow *place_of(const char *arena, __u32 bucket, __u32 way)
{
	return (void *)(arena + sl_flow_offset(bucket, way));
}

static void clear(char *arena, __u32 ncpus)
{
	struct sl_flow_table *table = (void *)(arena + SL_ARENA_FLOWS);

	memset(arena + sl_flow_stats_offset(0), 0, ncpus * sizeof(struct sl_flow_stats));
	memset(line_of(arena, 0), 0, FLOWS_MAX / SL_FLOW_WAYS * sizeof(struct sl_flow_line));
	memset(place_of(arena, 0, 0), 0, FLOWS_MAX * sizeof(struct sl_flow));
	memset(arena + SL_ARENA_STREAMS, 0, sizeof(struct sl_stream_pool));
	memset(arena + sl_stream_offset(0), 0, SL_STREAMS * sizeof(struct sl_stream));
	for (__u32 i = 0; i < 12; i++)
		table->secret[i] = 0x9e3779b9U * (i + 7) ^ i << 5;
}

void flows_clear(void)
{
	clear(host_arena, 1);
	if (kernel_arena)
		clear(kernel_arena, kernel_ncpus);
}

static void age(char *arena, __u32 ticks)
{
	for (__u32 i = 0; i < FLOWS_MAX; i++) {
		__u32 bucket = i / SL_FLOW_WAYS, way = i % SL_FLOW_WAYS;
		struct sl_flow *flow = place_of(arena, bucket, way);
		__u64 *tag = &line_of(arena, bucket)->tag[way];

		if (!*tag)
			continue;
		*tag = (*tag & ~0xffffffffULL) | (__u32)((__u32)*tag - ticks);
		flow->seen[0] -= ticks;
		flow->seen[1] -= ticks;
		flow->since -= (__u64)ticks << SL_FLOW_TICK_SHIFT;
	}
}

void flows_age(unsigned int seconds)
{
	age(host_arena, SL_FLOW_TICKS(seconds));
	if (kernel_arena)
		age(kernel_arena, SL_FLOW_TICKS(seconds));
}

struct sl_flow *flows_find(char *arena, __u16 port, __u16 other, __u8 proto)
{
	for (__u32 i = 0; i < FLOWS_MAX; i++) {
		struct sl_flow *flow = place_of(arena, i / SL_FLOW_WAYS, i % SL_FLOW_WAYS);
		__u64 rest = flow->key.rest;

		if (line_of(arena, i / SL_FLOW_WAYS)->tag[i % SL_FLOW_WAYS] &&
		    SL_FLOW_PROTO(rest) == proto &&
		    ((SL_FLOW_PORT(rest, 0) == port && SL_FLOW_PORT(rest, 1) == other) ||
		     (SL_FLOW_PORT(rest, 1) == port && SL_FLOW_PORT(rest, 0) == other)))
			return flow;
	}
	return NULL;
}

struct sl_flow_app *flows_app(char *arena, const struct sl_flow *flow)
{
	(void)arena;
	return (struct sl_flow_app *)&flow->app;
}

size_t flows_count(const char *arena)
{
	size_t count = 0;

	for (__u32 i = 0; i < FLOWS_MAX; i++)
		count += !!line_of(arena, i / SL_FLOW_WAYS)->tag[i % SL_FLOW_WAYS];
	return count;
}

struct sl_flow_stats flows_stats(const char *arena, __u32 ncpus)
{
	struct sl_flow_stats sum = {};

	for (__u32 cpu = 0; cpu < ncpus; cpu++) {
		const struct sl_flow_stats *stats = (void *)(arena + sl_flow_stats_offset(cpu));

		sum.made += stats->made;
		sum.evicted += stats->evicted;
		sum.unplaced += stats->unplaced;
	}
	return sum;
}

static struct sl_flow timeless(const struct sl_flow *flow)
{
	struct sl_flow copy = *flow;

	copy.since = 0;
	copy.seen[0] = copy.seen[1] = 0;
	return copy;
}

bool flows_same(void)
{
	for (__u32 i = 0; i < FLOWS_MAX; i++) {
		__u32 bucket = i / SL_FLOW_WAYS, way = i % SL_FLOW_WAYS;
		struct sl_flow host = timeless(place_of(host_arena, bucket, way));
		struct sl_flow kernel = timeless(place_of(kernel_arena, bucket, way));
		__u64 tag = line_of(host_arena, bucket)->tag[way];

		if (tag >> 32 == line_of(kernel_arena, bucket)->tag[way] >> 32 &&
		    (!tag || !memcmp(&host, &kernel, sizeof(host))))
			continue;
		fprintf(stderr,
			"bucket %u, place %u: host state %x packets %llu %llu, kernel state %x packets %llu %llu\n",
			bucket, way, host.state, host.count[0].packets, host.count[1].packets,
			kernel.state, kernel.count[0].packets, kernel.count[1].packets);
		return false;
	}
	return true;
}
