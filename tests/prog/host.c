// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host_env.h"
#include "pipeline.h"
#include "window.h"

char *sl_arena_base;
char *host_arena;

static __always_inline __u64 sl_coarse_now(void)
{
	return host_now;
}

#include "host_sets.h"

/* The table of fragments: hash chains, and a ring from the most to the least recently used. */

#define BUCKETS 4096U
#define NIL	SL_FRAG_ENTRIES

static struct entry {
	struct sl_frag_key key;
	struct sl_frag frag;
	__u32 next; /* of the chain, or of the free list */
	__u32 newer, older;
} entries[SL_FRAG_ENTRIES + 1]; /* the last is the ring's anchor */
static __u32 buckets[BUCKETS], free_entries, used_entries;

void host_frags_clear(void)
{
	for (__u32 i = 0; i < BUCKETS; i++)
		buckets[i] = NIL;
	for (__u32 i = 0; i < SL_FRAG_ENTRIES; i++)
		entries[i].next = i + 1;
	free_entries = 0;
	used_entries = 0;
	entries[NIL].newer = entries[NIL].older = NIL;
}

size_t host_frags_count(void)
{
	return used_entries;
}

static __u32 *chain_of(const struct sl_frag_key *key)
{
	const unsigned char *p = (const unsigned char *)key;
	__u32 hash = 2166136261U;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ p[i]) * 16777619U;
	return &buckets[(hash ^ hash >> 16) % BUCKETS];
}

static __u32 *find(const struct sl_frag_key *key)
{
	__u32 *link = chain_of(key);

	while (*link != NIL && memcmp(&entries[*link].key, key, sizeof(*key)))
		link = &entries[*link].next;
	return link;
}

static void ring_remove(__u32 i)
{
	entries[entries[i].newer].older = entries[i].older;
	entries[entries[i].older].newer = entries[i].newer;
}

static void ring_add(__u32 i)
{
	entries[i].newer = NIL;
	entries[i].older = entries[NIL].older;
	entries[entries[NIL].older].newer = i;
	entries[NIL].older = i;
}

static __always_inline void sl_frag_forget(const struct sl_frag_key *key)
{
	__u32 *link = find(key), i = *link;

	if (i == NIL)
		return;
	*link = entries[i].next;
	ring_remove(i);
	entries[i].next = free_entries;
	free_entries = i;
	used_entries--;
}

static __always_inline struct sl_frag *sl_frag_get(const struct sl_frag_key *key)
{
	__u32 *link = find(key), i = *link;

	if (i != NIL && host_now - entries[i].frag.since >= SL_FRAG_TIMEOUT_NS) {
		sl_frag_forget(key);
		i = NIL;
	}
	if (i == NIL) {
		if (free_entries == NIL) {
			struct sl_frag_key oldest = entries[entries[NIL].newer].key;

			sl_frag_forget(&oldest);
		}
		link = chain_of(key);
		i = free_entries;
		free_entries = entries[i].next;
		entries[i] = (struct entry) {
			.key = *key,
			.frag.since = host_now,
			.next = *link,
		};
		*link = i;
		used_entries++;
	} else {
		ring_remove(i);
	}
	ring_add(i);
	return &entries[i].frag;
}

int host_set_put(bool trie, __u32 slot, const struct sl_set_lookup *lookup)
{
	return (int)entry_put(trie, slot, lookup);
}

void host_sets_clear(void)
{
	memset(entries_of_sets, 0, sizeof(entries_of_sets));
}

int host_ban(const struct sl_key *key, __u32 at)
{
	return sl_op_ban(key, at);
}

int host_init(void)
{
	void *arena = mmap(NULL, (size_t)SL_ARENA_PAGES * SL_PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (arena == MAP_FAILED)
		return -errno;
	host_arena = sl_arena_base = arena;
	host_frags_clear();
	return 0;
}

static void judge(struct sl_pkt *pkt, __u32 slot, __u32 from, struct sl_trace *trace)
{
	struct sl_decision decision;
	enum sl_dir dir = pkt->hook == SL_HOOK_TC_EGRESS ? SL_DIR_EGRESS : SL_DIR_INGRESS;

	host_slot = slot;
	host_counters =
		sl_if_stats_offset(slot, 1, 0) + pkt->hook * (__u32)sizeof(struct sl_hook_stats);
	memset(host_arena + SL_ARENA_TRACE, 0, sizeof(*trace));
	pkt->key.from = from;
	sl_pipeline(pkt, dir, true, &decision);
	memcpy(trace, host_arena + SL_ARENA_TRACE, sizeof(*trace));
}

void host_run_from(enum sl_hook hook, __u32 slot, const struct frame *frame, __u32 from,
		   struct sl_trace *trace)
{
	/* At 4n+2, as NET_IP_ALIGN has it, and with nothing behind: ASan sees each byte too far. */
	__u8 *memory = malloc(frame->len + 2);
	__u32 linear = (__u32)(frame->linear ? frame->linear : frame->len);
	struct host_packet packet = { .bytes = memory + 2, .len = (__u32)frame->len };
	struct bpf_dynptr view = { .bytes = packet.bytes, .size = packet.len };
	struct sl_pkt pkt;

	if (!memory)
		abort();
	host_done_clear(frame);
	sl_pkt_init(&pkt, &packet, &view, hook);
	pkt.length = (__u32)frame->len;
	pkt.bytes = pkt.length;
	pkt.is_gso = frame->is_gso;
	pkt.has_vlan_tci = frame->has_tag;
	pkt.vlan_tci = frame->tci;
	memcpy(packet.bytes, frame->bytes, frame->len);
	sl_window_open(&pkt, linear);
	judge(&pkt, slot, from, trace);
	host_done_take(&packet);
	if (frame->out) {
		memcpy(frame->out->bytes, host_done.bytes, host_done.len);
		frame->out->len = host_done.len;
	}
	free(packet.bytes - 2);
}

void host_run(enum sl_hook hook, __u32 slot, const struct frame *frame, struct sl_trace *trace)
{
	host_run_from(hook, slot, frame, 0, trace);
}

void host_run_no_view(enum sl_hook hook, struct sl_trace *trace)
{
	struct sl_pkt pkt;

	sl_pkt_init(&pkt, NULL, NULL, hook);
	pkt.length = 64;
	pkt.bytes = pkt.length;
	pkt.reason = SL_REASON_NO_VIEW;
	sl_window_none(sl_bytes_of(&pkt));
	judge(&pkt, 0, 0, trace);
}

int host_fetch(const struct frame *frame, __u32 offset, __u32 length, __u32 to)
{
	struct host_packet packet = { .len = (__u32)frame->len };
	struct sl_facts facts = { .length = (__u32)frame->len };
	int err;

	packet.bytes = malloc(frame->len);
	if (!packet.bytes)
		abort();
	memcpy(packet.bytes, frame->bytes, frame->len);
	err = sl_fetch(&packet, &facts, offset, length, to);
	free(packet.bytes);
	return err;
}
