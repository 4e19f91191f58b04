// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Taking programs away; and after a restart, bringing to an end what was cut off in the middle. */

#include "dp.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "private.h"

static int detach_hook(struct sl_dp *dp, int ifindex, enum sl_hook hook, const char *suffix)
{
	_cleanup_(dp_hook_clear) struct dp_hook cur = DP_HOOK_NONE;
	int err;

	if (hook == SL_HOOK_XDP) {
		err = dp_xdp_read(dp, ifindex, suffix, &cur);
		return err ?: dp_xdp_detach(dp, ifindex, &cur);
	}
	err = dp_tc_read(dp, ifindex, hook, suffix, &cur);
	return err ?: dp_tc_detach(dp, ifindex, hook, &cur);
}

static void drop_pins(struct sl_dp *dp, int ifindex)
{
	dp_pins_drop(dp, ifindex);
	dp_libxdp_clean(ifindex);
}

int dp_detach_pinned(struct sl_dp *dp, int ifindex)
{
	char name[IF_NAMESIZE];
	unsigned int hook;
	int err = 0;

	if (!if_indextoname((unsigned int)ifindex, name)) {
		drop_pins(dp, ifindex);
		return 0;
	}
	for (hook = 0; hook < SL_HOOK_MAX_ && !err; hook++)
		err = detach_hook(dp, ifindex, (enum sl_hook)hook, "-new")
			      ?: detach_hook(dp, ifindex, (enum sl_hook)hook, "");
	if (!err)
		err = dp_xdp_detach_strays(dp, ifindex);
	if (!err)
		drop_pins(dp, ifindex);
	return err;
}

static void leave_charge(struct sl_dp *dp, __u32 slot)
{
	unsigned int hook;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		dp_charge_set(dp, slot, (enum sl_hook)hook, 0);
}

int sl_dp_detach(struct sl_dp *dp, int ifindex)
{
	int slot = dp->base ? dp_slot_find(dp, ifindex) : -ENOENT;
	int err;

	if (slot < 0)
		return dp_fail(dp, -ENOENT, "interface %d is not attached", ifindex);
	leave_charge(dp, (__u32)slot);
	err = dp_detach_pinned(dp, ifindex);
	if (!err)
		dp_slot_free(dp, (__u32)slot);
	return err;
}

int sl_dp_forget(struct sl_dp *dp, int ifindex)
{
	int slot = dp->base ? dp_slot_find(dp, ifindex) : -ENOENT;

	if (slot < 0)
		return dp_fail(dp, -ENOENT, "interface %d is not attached", ifindex);
	drop_pins(dp, ifindex);
	dp_slot_free(dp, (__u32)slot);
	return 0;
}

/* --- recovery --- */

struct half {
	struct sl_dp *dp;
	int ifindex;
	__u32 slot;
	enum sl_hook hook;
	struct dp_hook old; /* pinned as HOOK */
	struct dp_hook new; /* pinned as HOOK-new */
};

static void half_clear(struct half *half)
{
	dp_hook_clear(&half->old);
	dp_hook_clear(&half->new);
}

static int read_hook(struct half *half, const char *suffix, struct dp_hook *out)
{
	if (half->hook == SL_HOOK_XDP)
		return dp_xdp_read(half->dp, half->ifindex, suffix, out);
	return dp_tc_read(half->dp, half->ifindex, half->hook, suffix, out);
}

static int detach(struct half *half, const struct dp_hook *hook)
{
	if (half->hook == SL_HOOK_XDP)
		return dp_xdp_detach(half->dp, half->ifindex, hook);
	return dp_tc_detach(half->dp, half->ifindex, half->hook, hook);
}

/* The new program was in charge, or has taken the place of the old one: it stays. */
static int half_finish(struct half *half)
{
	struct sl_note *note = dp_note(half->dp, half->slot);
	int err;

	if (half->old.kind) {
		err = detach(half, &half->old);
		if (err)
			return err;
	}
	if (half->hook == SL_HOOK_XDP && note->next.prog_id == half->new.id)
		note->hook[SL_HOOK_XDP] = note->next;
	return dp_pin_commit(half->dp, half->ifindex, half->hook);
}

/* It was not, or not alone: it goes. */
static int half_undo(struct half *half)
{
	const struct sl_hook_note *note = &dp_note(half->dp, half->slot)->hook[half->hook];
	bool known = half->old.kind && note->prog_id == half->old.id;
	int err = 0;

	if (known)
		dp_charge_set(half->dp, half->slot, half->hook, note->instance);
	if (half->new.kind)
		err = dp_grace(half->dp) ?: detach(half, &half->new);
	if (err)
		return err;
	if (!half->old.kind && half->new.kind)
		dp_unpin(half->dp, "if/%d/%s-link", half->ifindex, sl_hook_names[half->hook]);
	return dp_unpin(half->dp, "if/%d/%s-new", half->ifindex, sl_hook_names[half->hook]);
}

static int recover_hook(struct sl_dp *dp, int ifindex, __u32 slot, enum sl_hook hook)
{
	_cleanup_(half_clear) struct half half = { .dp = dp,
						   .ifindex = ifindex,
						   .slot = slot,
						   .hook = hook,
						   .old = DP_HOOK_NONE,
						   .new = DP_HOOK_NONE };
	const struct sl_note *note = dp_note(dp, slot);
	__u32 charge = dp_charge(dp, slot, hook);
	bool in_charge;
	int err;

	err = read_hook(&half, "-new", &half.new);
	if (err || half.new.fd < 0)
		return err;
	err = read_hook(&half, "", &half.old);
	if (err)
		return err;
	in_charge =
		(note->hook[hook].prog_id == half.new.id && note->hook[hook].instance == charge) ||
		(hook == SL_HOOK_XDP && note->next.prog_id == half.new.id &&
		 note->next.instance == charge);
	/* A replacement in place has the old one's number; what is attached tells. */
	if (half.new.kind && !half.old.kind && half.old.fd >= 0)
		in_charge = true;
	dp_log(5, "%s of interface %d: a change was cut off; %s", sl_hook_names[hook], ifindex,
	       half.new.kind &&in_charge ? "finished" : "undone");
	return half.new.kind &&in_charge ? half_finish(&half) : half_undo(&half);
}

static int recover_iface(struct sl_dp *dp, int ifindex, int slot)
{
	unsigned int hook;
	int err = 0;

	for (hook = 0; hook < SL_HOOK_MAX_ && !err; hook++)
		err = recover_hook(dp, ifindex, (__u32)slot, (enum sl_hook)hook);
	if (!err)
		err = dp_xdp_detach_strays(dp, ifindex);
	dp_libxdp_clean(ifindex);
	dp->root->iface[slot].heed = 0;
	dp_note(dp, (__u32)slot)->next = (struct sl_hook_note) {};
	return err;
}

/* Interfaces with a slot that are gone; pins whose slot is gone; what was cut off. */
int dp_recover(struct sl_dp *dp)
{
	_cleanup_free_ int *ifindexes = NULL;
	char name[IF_NAMESIZE];
	size_t count = 0;
	size_t i;
	int slot, err;

	err = dp_pins_list(dp, &ifindexes, &count);
	for (i = 0; i < count && !err; i++) {
		slot = dp_slot_find(dp, ifindexes[i]);
		if (slot < 0)
			err = dp_detach_pinned(dp, ifindexes[i]);
		else if (!if_indextoname((unsigned int)ifindexes[i], name))
			err = sl_dp_forget(dp, ifindexes[i]);
		else
			err = recover_iface(dp, ifindexes[i], slot);
	}
	return err;
}
