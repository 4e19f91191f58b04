// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "flows.h"

#include <stdio.h>
#include <string.h>

#include "host.h"
#include "kernel.h"

static struct sl_flow *place_of(const char *arena, __u32 i)
{
	return (void *)(arena + sl_flow_offset(i / SL_FLOW_WAYS, i % SL_FLOW_WAYS));
}

static struct sl_flow_more *more_of(const char *arena, const struct sl_flow *flow)
{
	return (void *)(arena + sl_flow_more_offset((__u32)((const char *)flow - arena)));
}

static void clear(char *arena, __u32 ncpus)
{
	struct sl_flow_table *table = (void *)(arena + SL_ARENA_FLOWS);

	memset(arena + sl_flow_stats_offset(0), 0, ncpus * sizeof(struct sl_flow_stats));
	memset(place_of(arena, 0), 0, FLOWS_MAX * sizeof(struct sl_flow));
	memset(more_of(arena, place_of(arena, 0)), 0, FLOWS_MAX * sizeof(struct sl_flow_more));
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

void flows_no_secret(void)
{
	struct sl_flow_table *table = (void *)(host_arena + SL_ARENA_FLOWS);

	memset(table->secret, 0, sizeof(table->secret));
	if (!kernel_arena)
		return;
	table = (void *)(kernel_arena + SL_ARENA_FLOWS);
	memset(table->secret, 0, sizeof(table->secret));
}

static __u32 point_age(__u32 point, __u32 ticks)
{
	return (point & ~SL_FLOW_SEEN_MASK) | ((point - SL_FLOW_SEEN(ticks)) & SL_FLOW_SEEN_MASK);
}

static void age(char *arena, __u32 ticks)
{
	for (__u32 i = 0; i < FLOWS_MAX; i++) {
		struct sl_flow *flow = place_of(arena, i);

		if (!flow->tag)
			continue;
		flow->tag = (flow->tag & ~0xffffffffULL) | (__u32)((__u32)flow->tag - ticks);
		for (int side = 0; side < 2; side++)
			flow->point[side] = point_age(flow->point[side], ticks);
		more_of(arena, flow)->since -= (__u64)ticks << SL_FLOW_TICK_SHIFT;
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
		struct sl_flow *flow = place_of(arena, i);
		__u64 rest = flow->rest;

		if (flow->tag && SL_FLOW_PROTO(rest) == proto &&
		    ((SL_FLOW_PORT(rest, 0) == port && SL_FLOW_PORT(rest, 1) == other) ||
		     (SL_FLOW_PORT(rest, 1) == port && SL_FLOW_PORT(rest, 0) == other)))
			return flow;
	}
	return NULL;
}

struct sl_flow_more *flows_more(char *arena, const struct sl_flow *flow)
{
	return more_of(arena, flow);
}

struct sl_counter flows_sum(char *arena, const struct sl_flow *flow, unsigned int side)
{
	const struct sl_flow_more *more = more_of(arena, flow);

	return (struct sl_counter) {
		.packets = sl_flow_sum(flow->count[side].packets, more->high[side].packets),
		.bytes = sl_flow_sum(flow->count[side].bytes, more->high[side].bytes),
	};
}

struct sl_flow_app *flows_app(char *arena, const struct sl_flow *flow)
{
	return &more_of(arena, flow)->app;
}

size_t flows_count(const char *arena)
{
	size_t count = 0;

	for (__u32 i = 0; i < FLOWS_MAX; i++)
		count += !!place_of(arena, i)->tag;
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

	copy.tag >>= 32;
	copy.point[0] &= ~SL_FLOW_SEEN_MASK;
	copy.point[1] &= ~SL_FLOW_SEEN_MASK;
	return copy;
}

static bool more_same(const struct sl_flow_more *a, const struct sl_flow_more *b)
{
	struct sl_flow_more copy = *b;

	copy.since = a->since;
	return !memcmp(a, &copy, sizeof(copy));
}

bool flows_same(void)
{
	for (__u32 i = 0; i < FLOWS_MAX; i++) {
		const struct sl_flow *on_host = place_of(host_arena, i);
		const struct sl_flow *in_kernel = place_of(kernel_arena, i);
		struct sl_flow host = timeless(on_host), kernel = timeless(in_kernel);

		if (host.tag == kernel.tag &&
		    (!host.tag ||
		     (!memcmp(&host, &kernel, sizeof(host)) &&
		      more_same(more_of(host_arena, on_host), more_of(kernel_arena, in_kernel)))))
			continue;
		fprintf(stderr,
			"place %u: host state %x packets %u %u, kernel state %x packets %u %u\n", i,
			host.state, host.count[0].packets, host.count[1].packets, kernel.state,
			kernel.count[0].packets, kernel.count[1].packets);
		return false;
	}
	return true;
}
