// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What of a rule set refers to interfaces: which slots the patterns of rules mean, and where rules
 * redirect and mirror to. It is filled in before a rule set comes into force, and again whenever an
 * interface gets a slot, a name or an index, so that programs need not look at names. Each word is
 * one store; a slot's bits are right before the programs of the interface are in charge.
 */

#include "dp.h"

#include <limits.h>
#include <net/if.h>

#include "private.h"

static bool means(const struct sl_dp *dp, const struct sl_pattern *pattern, __u32 slot)
{
	const struct sl_iface *iface = &dp->root->iface[slot];

	return iface->ifindex && sl_pattern_matches(dp_at(dp, pattern->text), iface->name);
}

static void fill_pattern(const struct sl_dp *dp, struct sl_pattern *pattern)
{
	__u64 bits;
	__u32 slot;

	for (slot = 0; slot < SL_MAX_IFACES; slot++) {
		bits = pattern->slots[slot / 64] & ~(1ULL << slot % 64);
		if (means(dp, pattern, slot))
			bits |= 1ULL << slot % 64;
		__atomic_store_n(&pattern->slots[slot / 64], bits, __ATOMIC_RELEASE);
	}
}

/* Offline, a port is there, but nothing gets out: there is no interface with that index. */
static __u32 port_of(const struct sl_dp *dp, const char *name)
{
	return dp->pin_dir ? if_nametoindex(name) : INT_MAX;
}

static void fill_ports(const struct sl_dp *dp, const struct sl_ruleset *set)
{
	struct sl_rule_port *port = dp_at(dp, set->ports);
	__u32 i;

	for (i = 0; i < set->nports; i++)
		__atomic_store_n(&port[i].ifindex, port_of(dp, dp_at(dp, port[i].name)),
				 __ATOMIC_RELEASE);
}

void dp_refer(struct sl_dp *dp, __u32 ruleset)
{
	const struct sl_ruleset *set = sl_dp_at(dp, ruleset);
	struct sl_pattern *pattern;
	__u32 i;

	if (!set)
		return;
	pattern = dp_at(dp, set->patterns);
	for (i = 0; i < set->npatterns; i++)
		fill_pattern(dp, &pattern[i]);
	fill_ports(dp, set);
}

void sl_dp_links_changed(struct sl_dp *dp)
{
	if (dp->base && dp->root->ruleset)
		fill_ports(dp, dp_at(dp, dp->root->ruleset));
}
