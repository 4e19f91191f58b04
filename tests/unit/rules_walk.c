/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules_walk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host_env.h"

#include "classify.h"
#include "by_name.h"
#include "hits.h"

static __always_inline __u64 sl_coarse_now(void)
{
	return 1;
}

#include "../prog/host_sets.h"

#define ARENA_SIZE ((size_t)SL_ARENA_PAGES * SL_PAGE_SIZE)

char *sl_arena_base;
static const struct sl_ruleset *loaded;
static __u32 loaded_at;

static void arena_map(void)
{
	void *arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (arena == MAP_FAILED)
		abort();
	sl_arena_base = arena;
}

void walk_put(__u32 at, const void *bytes, size_t size)
{
	if (!sl_arena_base)
		arena_map();
	memcpy(sl_arena_base + at, bytes, size);
}

enum sl_scan_state walk_search(__u32 tables, const struct walk_payload *payload, __u64 *found)
{
	/* Behind the frame there is nothing: ASan sees each byte too far. */
	__u8 *frame = malloc(payload->before + payload->length + payload->behind);
	struct host_packet packet = {
		.bytes = frame,
		.len = payload->before + payload->length + payload->behind,
	};
	struct sl_facts facts = {
		.length = packet.len,
		.payload = payload->before,
		.end = payload->before + payload->length,
	};
	enum sl_scan_state state;

	if (!frame)
		abort();
	memset(frame, 'a', packet.len);
	memcpy(frame + payload->before, payload->bytes, payload->length);
	state = scan_payload(&packet, &facts, &host_scratch, tables);
	memcpy(found, host_scratch.scanned.bits, sizeof(host_scratch.scanned.bits));
	free(frame);
	return state;
}

void walk_load(const struct sl_ruleset *block, __u32 base)
{
	if (!sl_arena_base)
		arena_map();
	memset(sl_arena_base + SL_ARENA_RULE, 0, (block->nrules + 1) * sizeof(struct sl_counter));
	memcpy(sl_arena_base + base, block, block->size);
	loaded = (const void *)(sl_arena_base + base);
	loaded_at = base;
}

__u32 walk(enum sl_dir dir, const struct sl_key *key)
{
	struct sl_decision decision = { .verdict = SL_CONTINUE };
	const struct sl_chain *chain = &loaded->chain[dir];
	const struct sl_court court = { .rules = loaded_at,
					.chain = sl_chain_offset(loaded_at, dir) };
	struct sl_pkt pkt = { .key = *key, .bytes = 1 };

	sl_classify(&pkt, &court, &decision);
	return decision.verdict == SL_CONTINUE ? chain->policy_slot : decision.slot;
}

__u64 walk_count(__u32 slot)
{
	const struct sl_counter *counters = (const void *)(sl_arena_base + SL_ARENA_RULE);

	return counters[slot].packets;
}
