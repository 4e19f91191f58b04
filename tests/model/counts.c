// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "names.h"
#include "run.h"

#define RULE_SHIFT_HOST 12 /* as in host.c */

void counts_take(struct counts *n, enum way way, bool on_host)
{
	const struct sl_if_stats *stats;

	for (__u32 slot = 1; slot <= loaded.slots; slot++) {
		if (on_host)
			memcpy(&n->rule[slot],
			       host_arena + sl_rule_counter_offset(slot, RULE_SHIFT_HOST, 0),
			       sizeof(n->rule[slot]));
		else
			n->rule[slot] = kernel_rule_counter(slot);
	}
	if (on_host) {
		stats = (const void *)(host_arena + sl_if_stats_offset(way_slot(way), 1, 0));
		n->hook = stats->hook[way_hook(way)];
	} else {
		n->hook = kernel_hook_stats(way_slot(way), way_hook(way));
	}
}

static bool counted(const struct sl_counter *before, const struct sl_counter *after, bool once,
		    __u64 bytes)
{
	return after->packets - before->packets == once &&
	       after->bytes - before->bytes == (once ? bytes : 0);
}

bool counts_are(const struct counts *before, const struct counts *after, enum sl_dir dir,
		const struct m_result *r, __u64 bytes, char *what, size_t room)
{
	for (int other = 0; other < SL_DIR_MAX_; other++) {
		for (int i = 0; i <= M_POLICY; i++) {
			bool once = other == (int)dir && r->counted[i];
			__u32 slot = loaded.slot[other][i];

			if (i >= loaded.conf.chain[other].count && i != M_POLICY)
				continue;
			if (counted(&before->rule[slot], &after->rule[slot], once, bytes))
				continue;
			snprintf(what, room, "%s rule %d counted %llu packets, %llu bytes",
				 sl_dir_names[other], i,
				 after->rule[slot].packets - before->rule[slot].packets,
				 after->rule[slot].bytes - before->rule[slot].bytes);
			return false;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (counted(&before->hook.verdict[i], &after->hook.verdict[i], i == (int)r->verdict,
			    bytes))
			continue;
		snprintf(what, room, "verdict %d is not counted as it should be", i);
		return false;
	}
	for (int i = 1; i < SL_REASON_MAX_; i++) {
		if (counted(&before->hook.reason[i], &after->hook.reason[i],
			    i == (int)r->reason || i == (int)r->undone || i == (int)r->blind,
			    bytes))
			continue;
		snprintf(what, room, "reason %s is not counted as it should be",
			 sl_reason_names[i]);
		return false;
	}
	return true;
}
