/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Places of the flow table found, taken and given free, by many CPUs at a time: see abi/flow.h. */

#include "env.h"
#include "flow_key.h"
#include "flow_state.h"

/* What was read before stays read before what is read behind. */
#if defined(__bpf__) && defined(__TARGET_ARCH_x86)
#define flow_fence(flow) asm volatile("" ::: "memory")
#elif defined(__bpf__)
/* An atomic operation that returns something is the one barrier of all kernels. */
#define flow_fence(flow) ((void)__sync_fetch_and_add(&(flow)->point[0], 0))
#else
#define flow_fence(flow) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

struct flow_place {
	__u32 bucket; /* offset of its first place */
	__u32 at; /* offset of the flow; 0: none */
	__u64 tag; /* as it was read */
};

/* Where a flow is put if the place is free, and looked for first: the next ones are its neighbours. */
static __always_inline __u32 flow_nth(__u32 bucket, __u64 hash, __u32 i)
{
	__u32 way = (__u32)(hash >> 36 ^ i) & (SL_FLOW_WAYS - 1);

	return bucket + way * (__u32)sizeof(struct sl_flow);
}

static __always_inline __u64 flow_tag(__u32 at)
{
	return *(const volatile __u64 __arena *)&SL_AT(struct sl_flow, at)->tag;
}

static __always_inline const struct sl_flow_more __arena *flow_more(__u32 at)
{
	return SL_AT(struct sl_flow_more, sl_flow_more_offset(at));
}

static __always_inline __u32 flow_tag_class(__u64 tag)
{
	return tag >> SL_FLOW_TAG_CLASS & 0xff;
}

static __always_inline __u64 flow_tag_make(__u64 hash, __u32 class, __u32 now)
{
	return hash >> SL_FLOW_TAG_HASH << SL_FLOW_TAG_HASH | (__u64) class << SL_FLOW_TAG_CLASS |
	       now;
}

static __always_inline bool flow_tag_like(__u64 tag, __u64 hash)
{
	return tag && tag >> SL_FLOW_TAG_HASH == hash >> SL_FLOW_TAG_HASH;
}

/* A clock that another CPU read a moment later is no reason to be old. */
static __always_inline __u32 flow_idle(__u64 tag, __u32 now)
{
	__u32 idle = now - (__u32)tag;

	return (__s32)idle < 0 ? 0 : idle;
}

static __always_inline bool flow_timed_out(const struct sl_flow_conf __arena *conf, __u64 tag,
					   __u32 now)
{
	return flow_idle(tag, now) > conf->timeout[flow_tag_class(tag) & 15];
}

static __always_inline bool flow_tag_swap(const struct flow_place *place, __u64 tag)
{
	__u64 __arena *word = &SL_AT(struct sl_flow, place->at)->tag;

	return __sync_val_compare_and_swap(word, place->tag, tag) == place->tag;
}

/* A count of the flow, see sl_flow_sum(). */
static __always_inline __u64 flow_sum(const struct sl_flow __arena *flow, const __u32 __arena *low,
				      const __u32 __arena *high)
{
	__u32 upper = *(const volatile __u32 __arena *)high;

	flow_fence((struct sl_flow __arena *)flow);
	return sl_flow_sum(*(const volatile __u32 __arena *)low, upper);
}

/* What is known of the flow's application: struct sl_flow_app. flow: offset of its place. */
static __always_inline __u32 sl_flow_app(__u32 flow)
{
	return sl_flow_more_offset(flow) + (__u32)offsetof(struct sl_flow_more, app);
}

static __always_inline bool flow_key_is(__u32 at, const struct sl_flow_key *key)
{
	const struct sl_flow __arena *flow = SL_AT(struct sl_flow, at);
	const struct sl_flow_more __arena *more;

	if (flow->addr != key->addr[0] || flow->rest != key->rest)
		return false;
	if (SL_FLOW_L3(key->rest) == SL_L3_IP4)
		return true;
	more = flow_more(at);
	return more->addr[0] == key->addr[1] && more->addr[1] == key->addr[2] &&
	       more->addr[2] == key->addr[3];
}

/* Whether the place's flow is the one of the key, and whole; *serial says which one it was. */
static __always_inline bool flow_is(__u32 at, const struct sl_flow_key *key, __u32 *serial)
{
	const struct sl_flow __arena *flow = SL_AT(struct sl_flow, at);

	*serial = *(const volatile __u32 __arena *)&flow->serial;
	flow_fence((struct sl_flow __arena *)flow);
	if ((*serial & 1) || !flow_key_is(at, key))
		return false;
	flow_fence((struct sl_flow __arena *)flow);
	return *(const volatile __u32 __arena *)&flow->serial == *serial;
}

/* Where the flow is to be. Asked for now, so that other things are done until its line has come. */
static __always_inline void flow_seek(struct flow_place *place, __u64 hash, __u32 mask)
{
	place->bucket = sl_flow_offset((__u32)hash & mask, 0);
	place->at = 0;
	(void)flow_tag(flow_nth(place->bucket, hash, 0));
}

/* Offset of the flow, 0: none. */
static __always_inline __u32 flow_find(struct flow_place *place, const struct sl_flow_key *key,
				       __u64 hash, __u32 *serial)
{
	for (__u32 i = sl_unknown(0); i < SL_FLOW_WAYS && sl_can_loop; i++) {
		__u32 at = flow_nth(place->bucket, hash, i);
		__u64 tag = flow_tag(at);

		if (!flow_tag_like(tag, hash) || flow_tag_class(tag) == SL_FLOW_BUSY ||
		    !flow_is(at, key, serial))
			continue;
		place->at = at;
		place->tag = tag;
		return at;
	}
	return 0;
}

/* How much better than another one it is to take this place; from FREE on nobody loses by it. */
#define FLOW_WORTH_FREE (1ULL << 32)
static __always_inline __u64 flow_worth(const struct sl_flow_conf __arena *conf, __u64 tag,
					__u32 now)
{
	if (!tag)
		return ~0ULL;
	if (flow_tag_class(tag) == SL_FLOW_BUSY)
		return 0;
	return (flow_timed_out(conf, tag, now) ? FLOW_WORTH_FREE : 0) + flow_idle(tag, now) + 1;
}

/*
 * The place to take: a free one, one that has timed out, or, if flows may be evicted, the one that
 * has been idle longest.
 */
static __always_inline bool flow_choose(struct flow_place *place,
					const struct sl_flow_conf __arena *conf, __u64 hash,
					__u32 now, bool evicts)
{
	__u64 best = evicts ? 0 : FLOW_WORTH_FREE - 1;

	place->at = 0;
	for (__u32 i = sl_unknown(0); i < SL_FLOW_WAYS && sl_can_loop; i++) {
		__u32 at = flow_nth(place->bucket, hash, i);
		__u64 tag = flow_tag(at);
		__u64 worth = flow_worth(conf, tag, now);

		if (worth <= best)
			continue;
		best = worth;
		place->at = at;
		place->tag = tag;
	}
	return place->at;
}

/*
 * Of two CPUs that make the same flow at once both have taken a place before either looks here: at
 * least one sees the other and leaves it. Both may; then the next packet makes the flow.
 */
static __always_inline bool flow_other_makes(const struct flow_place *place, __u64 hash,
					     const struct sl_flow_key *key)
{
	for (__u32 i = sl_unknown(0); i < SL_FLOW_WAYS && sl_can_loop; i++) {
		__u32 at = flow_nth(place->bucket, hash, i);
		__u64 tag = flow_tag(at);
		__u32 serial;

		if (at == place->at || !flow_tag_like(tag, hash))
			continue;
		if (flow_tag_class(tag) == SL_FLOW_BUSY || flow_is(at, key, &serial))
			return true;
	}
	return false;
}

#define FLOW_TRIES 4

/* A place of the bucket is ours alone, see SL_FLOW_BUSY; false: there is none to be had. */
static __always_inline bool flow_take(struct flow_place *place,
				      const struct sl_flow_conf __arena *conf,
				      const struct sl_flow_key *key, __u64 hash, __u32 now,
				      bool evicts)
{
	const __u64 busy = flow_tag_make(hash, SL_FLOW_BUSY, now);
	bool taken = false;

	for (__u32 i = sl_unknown(0); i < FLOW_TRIES && !taken && sl_can_loop; i++)
		taken = flow_choose(place, conf, hash, now, evicts) && flow_tag_swap(place, busy);
	if (!taken || !flow_other_makes(place, hash, key))
		return taken;
	*(volatile __u64 __arena *)&SL_AT(struct sl_flow, place->at)->tag = 0;
	return false;
}
