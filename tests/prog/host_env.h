/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the pipeline asks of where it runs (dataplane/env.h), on the host. For one file of a program,
 * which includes it before the pipeline.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the entry is handed: the frame. */
struct host_packet {
	__u8 *bytes;
	__u32 len;
};

#define SL_CTX struct host_packet
#define SL_HAS_SKB

#include "env.h"
#include "host.h"
#include "reject.h"

__u64 host_now = 1000000000ULL;
struct host_done host_done;
struct host_copy host_copies[HOST_COPIES];
__u32 host_random, host_random_step;
bool host_ring_full;

static struct sl_scratch host_scratch;

static __always_inline struct sl_scratch *sl_scratch(void)
{
	return &host_scratch;
}

static __always_inline int sl_view(struct host_packet *packet, struct bpf_dynptr *view)
{
	*view = (struct bpf_dynptr) { .bytes = packet->bytes, .size = packet->len };
	return 0;
}

static __always_inline __u32 sl_random(void)
{
	host_random += host_random_step;
	return host_random;
}

static __always_inline __u64 sl_clock(void)
{
	return host_now;
}

static __u32 host_slot, host_counters;

static __always_inline __u32 sl_cpu(void)
{
	return 0;
}

static __always_inline __u32 sl_iface_slot(void)
{
	return host_slot;
}

#define HOST_RULE_SHIFT 12

static __always_inline __u32 sl_rule_counters(__u32 cpu)
{
	return sl_rule_counter_offset(0, HOST_RULE_SHIFT, cpu);
}

static __always_inline __u32 sl_hook_counters(__u32 cpu)
{
	(void)cpu;
	return host_counters;
}

static __always_inline bool sl_is_traced(void)
{
	return true;
}

static __always_inline bool sl_event_emit(const void *event, __u32 size)
{
	if (host_ring_full)
		return false;
	memcpy(&host_done.event, event, size);
	host_done.nevents++;
	return true;
}

/* A table that gets full, as no LRU does: what then happens is to be seen. */
#define HOST_LIMITS 64

static struct host_limit {
	struct sl_limit_key key;
	__u64 word;
} host_limits[HOST_LIMITS];
static __u32 host_nlimits;

void host_limits_clear(void)
{
	host_nlimits = 0;
}

static __always_inline __u64 *sl_limit_get(const struct sl_limit_key *key)
{
	for (__u32 i = 0; i < host_nlimits; i++) {
		if (!memcmp(&host_limits[i].key, key, sizeof(*key)))
			return &host_limits[i].word;
	}
	if (host_nlimits == HOST_LIMITS)
		return NULL;
	host_limits[host_nlimits] = (struct host_limit) { .key = *key };
	return &host_limits[host_nlimits++].word;
}

static __always_inline int sl_write(const struct bpf_dynptr *view, __u32 offset, void *bytes,
				    __u32 size, enum sl_covered covered)
{
	(void)covered;
	return (int)bpf_dynptr_write(view, offset, bytes, size, 0);
}

static __always_inline int sl_fix_sum(struct host_packet *packet, const struct bpf_dynptr *view,
				      __u32 offset, __u32 diff, enum sl_sum sum, bool is_udp)
{
	__u16 word;

	(void)packet;
	(void)sum;
	if (bpf_dynptr_read(&word, sizeof(word), view, offset, 0))
		return -EINVAL;
	word = csum_change(word, diff);
	if (is_udp && !word)
		word = 0xffff;
	return (int)bpf_dynptr_write(view, offset, &word, sizeof(word), 0);
}

static __always_inline void sl_skb_mark(struct host_packet *packet, __u32 value, __u32 mask)
{
	(void)packet;
	host_done.mark = (host_done.mark & ~mask) | value;
}

static __always_inline void sl_skb_priority(struct host_packet *packet, __u32 value, __u32 mask)
{
	(void)packet;
	host_done.priority = (host_done.priority & ~mask) | value;
}

static __always_inline int sl_skb_mirror(struct host_packet *packet, __u32 ifindex)
{
	struct host_copy *copy = &host_copies[host_done.ncopies];

	if (host_done.ncopies == HOST_COPIES)
		return -ENOSPC;
	host_done.ncopies++;
	copy->ifindex = ifindex;
	copy->len = packet->len;
	memcpy(copy->bytes, packet->bytes, packet->len);
	return 0;
}

static __always_inline __u32 sl_skb_tag_proto(struct host_packet *packet)
{
	(void)packet;
	return host_done.tag_proto;
}

/* The frame gets another length, in memory of exactly that. */
static inline void host_resize(struct host_packet *packet, size_t len)
{
	__u8 *memory = malloc(len + 2);
	size_t keep = len < packet->len ? len : packet->len;

	if (!memory)
		abort();
	memset(memory + 2, 0, len);
	memcpy(memory + 2, packet->bytes, keep);
	free(packet->bytes - 2);
	packet->bytes = memory + 2;
	packet->len = (__u32)len;
}

#define VLAN_HEADER 18 /* an Ethernet header with a tag */

/*
 * As the kernel does it: the outermost tag is beside the frame, the others are in it, and a frame that
 * ends within one is refused.
 */
static inline int host_pop(struct host_packet *packet)
{
	__u8 *tag;

	if (host_done.has_tag) {
		host_done.has_tag = false;
	} else if (packet->len < VLAN_HEADER) {
		return -ENOMEM;
	} else {
		memmove(packet->bytes + 12, packet->bytes + 16, packet->len - 16);
		host_resize(packet, packet->len - 4);
	}
	tag = packet->bytes + 12;
	if (!link_is_tag(sl_get16(tag)))
		return 0;
	if (packet->len < VLAN_HEADER)
		return -ENOMEM;
	host_done.has_tag = true;
	host_done.tag_proto = sl_get16(tag);
	host_done.tci = sl_get16(tag + 2);
	memmove(tag, tag + 4, packet->len - 16);
	host_resize(packet, packet->len - 4);
	return 0;
}

static inline void host_push(struct host_packet *packet, __u32 tag)
{
	if (host_done.has_tag) {
		host_resize(packet, packet->len + 4);
		memmove(packet->bytes + 16, packet->bytes + 12, packet->len - 16);
		put16(packet->bytes + 12, (__u16)host_done.tag_proto);
		put16(packet->bytes + 14, host_done.tci);
	}
	host_done.has_tag = true;
	host_done.tag_proto = tag >> 16;
	host_done.tci = (__u16)tag;
}

static __always_inline int sl_skb_tags(struct host_packet *packet, const struct sl_facts *facts)
{
	int err = packet->len < SL_ETHERNET_LEN ? -EINVAL : 0;

	for (int i = 0; i < facts->tagging.pops && !err; i++)
		err = host_pop(packet);
	if (err)
		return err;
	for (int i = 0; i < facts->tagging.pushes; i++)
		host_push(packet, facts->tagging.tag[i]);
	return 0;
}

/* What is in the packet goes back as a copy, and the packet goes on: as at TC. */
static inline enum sl_reason host_onward(struct sl_pkt *pkt, const __u32 *numbers)
{
	struct sl_answer *answer = &host_scratch.answer;
	struct bpf_dynptr view;

	host_done.back_len = pkt->ctx->len;
	memcpy(host_done.back, pkt->ctx->bytes, pkt->ctx->len);
	sl_answer_onward(answer, &pkt->key, numbers);
	sl_view(pkt->ctx, &view);
	return sl_answer_write(&view, sl_facts_of(pkt), answer) ? SL_REASON_WRITE_REFUSED
								: SL_REASON_NONE;
}

static __always_inline enum sl_reason sl_reject(struct sl_pkt *pkt, __u32 kind, const bool moves)
{
	struct sl_answer *answer = &host_scratch.answer;
	__u32 numbers[ANSWER_NUMBERS] = {};
	struct bpf_dynptr view;
	enum sl_reason reason;

	(void)moves;
	sl_view(pkt->ctx, &view);
	if (kind == SL_REJECT_BOTH)
		bpf_dynptr_read(numbers, sizeof(numbers), &view, pkt->transport + 4, 0);
	reason = sl_answer_make(&view, sl_facts_of(pkt), kind, answer, SL_ANSWER6_MAX);
	if (reason)
		return reason;
	host_resize(pkt->ctx, pkt->network + answer->size);
	sl_view(pkt->ctx, &view);
	if (sl_answer_write(&view, sl_facts_of(pkt), answer))
		return SL_REASON_WRITE_REFUSED;
	return kind == SL_REJECT_BOTH ? host_onward(pkt, numbers) : SL_REASON_NONE;
}

static inline void host_done_clear(const struct frame *frame)
{
	memset(&host_done, 0, offsetof(struct host_done, event));
	host_done.nevents = 0;
	host_done.has_tag = frame->has_tag;
	host_done.tci = frame->tci;
	host_done.tag_proto = SL_ETH_VLAN;
}

static inline void host_done_take(const struct host_packet *packet)
{
	host_done.len = packet->len;
	memcpy(host_done.bytes, packet->bytes, packet->len);
}
