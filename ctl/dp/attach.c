// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * From what an interface has to what it is to have, without a packet that is judged twice or by
 * nobody. A transition is planned, staged and committed:
 *
 *   staged     All that can fail: programs are loaded, and new ones attached. A program whose
 *              instance number is not the one in sl_iface.instance[] lets packets pass untouched,
 *              so a staged program does nothing yet, and taking it away again is no loss.
 *   committed  Words are stored and programs replaced in place, in an order that depends on who
 *              hands packets over to whom. Each of these steps acts on whole packets.
 *
 * How a program comes into charge or leaves it:
 *
 *   add     The word becomes its number. Packets that are past the hook were not judged there.
 *   remove  The word becomes 0; the program is detached afterwards.
 *   swap    One program takes the other's place by one store of the kernel's, where it is the
 *           only one at its hook or has a link of its own. It has the number of the old one, so
 *           each packet meets one program, and that is in charge.
 *   beside  In a dispatcher, programs cannot take another's place: the new one is added with a
 *           number of its own and the old one removed later, and a packet meets both. The word
 *           goes from the old number (I) over SL_INSTANCE_ANY to the new one (J), with a grace
 *           period after each store, so that all packets on their way have seen the word as it is
 *           or as it was just before:
 *             I/ANY  the old one judges by either word. The new one, if it runs second and reads
 *                    ANY, finds that the old one has; if it runs first and reads ANY it judges,
 *                    and the old one, which then reads ANY too, finds that.
 *             ANY/J  the new one judges by either word, unless it runs second and finds that the
 *                    old one has, which then read ANY. The old one, if it runs second and reads
 *                    ANY, finds that the new one has; if it reads J it is not its turn.
 *           "Finds" is sl_if_stats.judged: the first leaves its number there or 0, the second
 *           heeds it, and sl_iface.heed says which is the second.
 *
 * Where XDP and TC ingress are on one interface, XDP is to judge and TC to leave alone what XDP
 * has judged. With a handoff word, TC leaves alone exactly the packets that carry it, so TC must
 * know the word before XDP begins to leave it; until then it judges all. Without it (in the
 * dispatcher, SL_HANDOFF_ALL) both judge for the grace period, some 20 ms, in which one of them
 * comes or goes: packets are counted twice then, but none goes unjudged.
 */

#include "dp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "names.h"
#include "private.h"

enum act {
	KEEP,
	ADD,
	REMOVE,
	SWAP,
	BESIDE
};

struct change {
	struct sl_dp *dp;
	const struct sl_conf_iface *want;
	int ifindex;
	char name[16];
	__u32 slot;
	bool new_slot;
	enum act act[SL_HOOK_MAX_];
	struct dp_hook cur[SL_HOOK_MAX_];
	struct dp_hook new[SL_HOOK_MAX_];
	bool done[SL_HOOK_MAX_]; /* swapped in place */
	bool alone; /* XDP, though there may be a dispatcher */
	char why[128];
};

void dp_hook_clear(struct dp_hook *hook)
{
	dp_closep(&hook->fd);
	dp_closep(&hook->link);
}

static void change_clear(struct change *c)
{
	unsigned int hook;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++) {
		dp_hook_clear(&c->cur[hook]);
		dp_hook_clear(&c->new[hook]);
	}
}

static void hooks_init(struct dp_hook hooks[SL_HOOK_MAX_])
{
	unsigned int hook;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		hooks[hook] = (struct dp_hook)DP_HOOK_NONE;
}

/* What only the arena knows of a program. Of one that it does not know, nothing fits. */
static void hook_recall(const struct sl_dp *dp, __u32 slot, enum sl_hook at, struct dp_hook *hook)
{
	const struct sl_hook_note *note = &dp_note(dp, slot)->hook[at];

	hook->instance = dp_charge(dp, slot, at);
	if (note->prog_id != hook->id)
		return;
	hook->instance = note->instance;
	hook->handoff = note->handoff;
	hook->build = note->build;
	if (at == SL_HOOK_XDP) {
		hook->frags = dp_note(dp, slot)->xdp_frags;
		if (hook->kind == SL_XDP_DISPATCHER)
			hook->priority = (int)dp_note(dp, slot)->xdp_priority;
	}
}

int dp_hooks_read(struct sl_dp *dp, int ifindex, struct dp_hook hooks[SL_HOOK_MAX_])
{
	int slot = dp->base ? dp_slot_find(dp, ifindex) : -ENOENT;
	unsigned int hook;
	int err;

	err = dp_xdp_read(dp, ifindex, "", &hooks[SL_HOOK_XDP]);
	if (!err)
		err = dp_tc_read(dp, ifindex, SL_HOOK_TC_INGRESS, "", &hooks[SL_HOOK_TC_INGRESS]);
	if (!err)
		err = dp_tc_read(dp, ifindex, SL_HOOK_TC_EGRESS, "", &hooks[SL_HOOK_TC_EGRESS]);
	for (hook = 0; hook < SL_HOOK_MAX_ && slot >= 0 && !err; hook++)
		if (hooks[hook].kind)
			hook_recall(dp, (__u32)slot, (enum sl_hook)hook, &hooks[hook]);
	return err;
}

/* --- plan --- */

static bool tc_wanted(const struct change *c, enum sl_hook hook)
{
	return c->want->tc[hook == SL_HOOK_TC_EGRESS ? SL_DIR_EGRESS : SL_DIR_INGRESS];
}

static enum act plan_xdp(const struct change *c)
{
	const struct dp_hook *cur = &c->cur[SL_HOOK_XDP];
	bool same = cur->build == dp_build(SL_HOOK_XDP);

	if (c->want->xdp == SL_XDP_OFF)
		return cur->kind ? REMOVE : KEEP;
	if (!cur->kind)
		return ADD;
	if (cur->kind == SL_XDP_DISPATCHER)
		return same && cur->priority == c->want->priority ? KEEP : BESIDE;
	return same && !cur->handoff == !tc_wanted(c, SL_HOOK_TC_INGRESS) ? KEEP : SWAP;
}

static enum act plan_tc(const struct change *c, enum sl_hook hook, __u32 handoff)
{
	const struct dp_hook *cur = &c->cur[hook];

	if (!tc_wanted(c, hook))
		return cur->kind ? REMOVE : KEEP;
	if (!cur->kind)
		return ADD;
	return cur->build == dp_build(hook) && cur->handoff == handoff ? KEEP : SWAP;
}

/* The XDP program as it will be. */
static const struct dp_hook *xdp_after(const struct change *c)
{
	static const struct dp_hook none = DP_HOOK_NONE;

	switch (c->act[SL_HOOK_XDP]) {
	case KEEP:
		return &c->cur[SL_HOOK_XDP];
	case REMOVE:
		return &none;
	default:
		return &c->new[SL_HOOK_XDP];
	}
}

static __u32 tc_handoff(const struct change *c, enum sl_hook hook)
{
	const struct dp_hook *xdp = xdp_after(c);

	if (hook != SL_HOOK_TC_INGRESS || !xdp->kind)
		return 0;
	return xdp->kind == SL_XDP_DISPATCHER ? SL_HANDOFF_ALL : xdp->handoff;
}

/* --- stage --- */

static __u32 new_instance(struct change *c)
{
	struct sl_root *root = c->dp->root;

	do {
		root->next_instance++;
	} while (!root->next_instance || root->next_instance == SL_INSTANCE_ANY);
	return root->next_instance;
}

static int new_handoff(struct sl_dp *dp, __u32 *out)
{
	do {
		if (getrandom(out, sizeof(*out), 0) != sizeof(*out))
			return dp_fail(dp, -errno, "random number: %s", dp_words(errno));
	} while (!*out || *out == SL_HANDOFF_ALL);
	return 0;
}

static struct dp_load load_for(const struct change *c, enum sl_hook hook, __u32 instance,
			       __u32 handoff)
{
	return (struct dp_load) {
		.hook = hook,
		.meta = hook == SL_HOOK_XDP && handoff,
		.config = { .slot = c->slot,
			    .instance = instance,
			    .ncpus = c->dp->ncpus,
			    .rule_shift = c->dp->rule_shift,
			    .handoff = handoff },
	};
}

static int pin_new(struct change *c, enum sl_hook hook)
{
	dp_unpin(c->dp, "if/%d/%s-new", c->ifindex, sl_hook_names[hook]);
	return dp_pin(c->dp, c->new[hook].fd, "if/%d/%s-new", c->ifindex, sl_hook_names[hook]);
}

static struct sl_hook_note note_of(const struct dp_hook *hook)
{
	return (struct sl_hook_note) { .build = hook->build,
				       .prog_id = hook->id,
				       .instance = hook->instance,
				       .handoff = hook->handoff };
}

/* Loads what takes the place of a single program and, unlike that, may leave word for TC. */
static int stage_xdp_single(struct change *c, const struct dp_hook *old, struct dp_hook *new)
{
	struct dp_load load = load_for(c, SL_HOOK_XDP, old->instance ?: new_instance(c), 0);
	int err = 0;

	/* Alone, it may also move packet data, as long answers need. */
	load.meta = true;
	if (tc_wanted(c, SL_HOOK_TC_INGRESS)) {
		load.config.handoff = old->handoff;
		if (!old->handoff)
			err = new_handoff(c->dp, &load.config.handoff);
	}
	load.frags = old->mode == SL_XDP_NATIVE;
	if (!err)
		err = dp_xdp_load(c->dp, &load, new);
	new->kind = SL_XDP_SINGLE;
	new->mode = old->mode;
	return err;
}

/* Attached directly after all: puts the program for that case in its place, still without charge. */
static int stage_xdp_settle(struct change *c)
{
	struct dp_hook *new = &c->new[SL_HOOK_XDP];
	struct dp_hook better = DP_HOOK_NONE;
	int err;

	err = stage_xdp_single(c, new, &better);
	if (!err)
		err = dp_xdp_swap(c->dp, c->ifindex, c->name, new, &better);
	if (err) {
		dp_hook_clear(&better);
		return err;
	}
	dp_hook_clear(new);
	*new = better;
	return pin_new(c, SL_HOOK_XDP);
}

static enum sl_dp_alone why_alone(const struct sl_dp *dp, const struct sl_conf_iface *want)
{
	return dp->alone == SL_ALONE_HANDOFF && !want->tc[SL_DIR_INGRESS] ? SL_ALONE_NOT
									  : dp->alone;
}

/* Whether XDP is to be alone, as far as others let it; an error where it must be. */
static int be_alone(struct sl_dp *dp, int ifindex, const struct sl_conf_iface *want,
		    const struct dp_hook *xdp, bool *out)
{
	enum sl_dp_alone why = why_alone(dp, want);

	*out = why != SL_ALONE_NOT && want->xdp != SL_XDP_OFF;
	if (!*out || !dp_xdp_has_others(dp, ifindex, xdp))
		return 0;
	*out = false;
	return why == SL_ALONE_HANDOFF ? dp_fail(dp, -EOPNOTSUPP, "%s", dp->alone_words) : 0;
}

static const char *const alone_words[] = {
	[SL_ALONE_ROOM] = "a rule's answers may need room, which XDP cannot make in a dispatcher",
	[SL_ALONE_HANDOFF] =
		"a rule needs an skb: XDP leaves word for TC, which it cannot in a dispatcher",
};

static int stage_xdp_alone(struct change *c, enum sl_xdp_mode mode)
{
	struct dp_hook none = DP_HOOK_NONE, *new = &c->new[SL_HOOK_XDP];
	int err;

	none.mode = mode;
	err = stage_xdp_single(c, &none, new);
	if (!err)
		err = dp_xdp_attach_alone(c->dp, c->ifindex, c->name, new);
	if (err) {
		dp_hook_clear(new);
		*new = (struct dp_hook)DP_HOOK_NONE;
		return err;
	}
	return pin_new(c, SL_HOOK_XDP);
}

static int stage_xdp_attach(struct change *c, enum sl_xdp_mode mode)
{
	struct dp_hook none = DP_HOOK_NONE, *new = &c->new[SL_HOOK_XDP];
	struct dp_xdp_want want = {
		.ifindex = c->ifindex, .name = c->name, .mode = mode, .priority = c->want->priority
	};
	int err;

	err = be_alone(c->dp, c->ifindex, c->want, &none, &c->alone);
	if (err)
		return err;
	if (c->alone)
		return stage_xdp_alone(c, mode);
	want.load = load_for(c, SL_HOOK_XDP, new_instance(c), 0);
	want.load.frags = mode == SL_XDP_NATIVE;
	want.load.config.chained = 1;
	err = dp_xdp_attach(c->dp, &want, new);
	if (!err)
		err = pin_new(c, SL_HOOK_XDP);
	if (!err && new->kind == SL_XDP_SINGLE)
		err = stage_xdp_settle(c);
	return err;
}

static bool another_mode_may_do(int err)
{
	return err != -EPERM && err != -ENOMEM && err != -EBUSY && err != -EEXIST && err != -ENODEV;
}

static int stage_xdp_add(struct change *c)
{
	enum sl_xdp_mode mode = c->want->xdp;
	size_t len;
	int err;

	err = stage_xdp_attach(c, mode == SL_XDP_AUTO ? SL_XDP_NATIVE : mode);
	if (err && mode == SL_XDP_AUTO && !c->new[SL_HOOK_XDP].kind &&another_mode_may_do(err)) {
		snprintf(c->why, sizeof(c->why), "native mode refused: %s", dp_words(err));
		err = stage_xdp_attach(c, SL_XDP_GENERIC);
	}
	if (err)
		return err;
	len = strlen(c->why);
	if (c->new[SL_HOOK_XDP].kind == SL_XDP_SINGLE)
		snprintf(c->why + len, sizeof(c->why) - len, "%s%s", len ? "; " : "",
			 c->alone ? alone_words[why_alone(c->dp, c->want)]
				  : c->dp->no_dispatcher_why);
	dp_note(c->dp, c->slot)->hook[SL_HOOK_XDP] = note_of(&c->new[SL_HOOK_XDP]);
	return 0;
}

static int stage_xdp(struct change *c)
{
	const struct dp_hook *cur = &c->cur[SL_HOOK_XDP];
	struct dp_hook *new = &c->new[SL_HOOK_XDP];
	int err;

	c->act[SL_HOOK_XDP] = plan_xdp(c);
	switch (c->act[SL_HOOK_XDP]) {
	case ADD:
		return stage_xdp_add(c);
	case SWAP:
		return stage_xdp_single(c, cur, new) ?: pin_new(c, SL_HOOK_XDP);
	case BESIDE:
		err = stage_xdp_attach(c, cur->mode);
		if (!err)
			dp_note(c->dp, c->slot)->next = note_of(new);
		return err;
	default:
		return 0;
	}
}

static int stage_tc_add(struct change *c, enum sl_hook hook)
{
	struct dp_hook *new = &c->new[hook];
	int err;

	err = dp_tc_attach(c->dp, c->ifindex, c->name, hook, new);
	if (err)
		return err;
	dp_note(c->dp, c->slot)->hook[hook] = note_of(new);
	if (new->kind != SL_TC_TCX)
		return 0;
	dp_unpin(c->dp, "if/%d/%s-link", c->ifindex, sl_hook_names[hook]);
	return dp_pin(c->dp, new->link, "if/%d/%s-link", c->ifindex, sl_hook_names[hook]);
}

static int stage_tc(struct change *c, enum sl_hook hook)
{
	__u32 handoff = tc_handoff(c, hook);
	struct dp_load load;
	__u32 instance;
	enum act act;
	int err;

	act = c->act[hook] = plan_tc(c, hook, handoff);
	if (act == KEEP || act == REMOVE)
		return 0;
	instance = act == SWAP ? c->cur[hook].instance : 0;
	load = load_for(c, hook, instance ?: new_instance(c), handoff);
	err = dp_tc_load(c->dp, &load, &c->new[hook]);
	if (!err)
		err = pin_new(c, hook);
	if (!err && act == ADD)
		err = stage_tc_add(c, hook);
	return err;
}

static int stage(struct change *c)
{
	int err;

	err = stage_xdp(c);
	if (!err)
		err = stage_tc(c, SL_HOOK_TC_INGRESS);
	return err ?: stage_tc(c, SL_HOOK_TC_EGRESS);
}

/* Takes away what was staged; what was there before has not noticed. */
static void unstage(struct change *c, enum sl_hook hook)
{
	struct dp_hook *new = &c->new[hook];

	if (c->act[hook] == ADD || c->act[hook] == BESIDE) {
		if (hook == SL_HOOK_XDP)
			dp_xdp_detach(c->dp, c->ifindex, new);
		else
			dp_tc_detach(c->dp, c->ifindex, hook, new);
	}
	if (c->act[hook] == ADD) {
		dp_unpin(c->dp, "if/%d/%s-link", c->ifindex, sl_hook_names[hook]);
		dp_note(c->dp, c->slot)->hook[hook] = (struct sl_hook_note) {};
	}
	dp_unpin(c->dp, "if/%d/%s-new", c->ifindex, sl_hook_names[hook]);
}

static void abandon(struct change *c)
{
	char error[sizeof(dp_error)];
	unsigned int hook;

	/* What went wrong first is what matters. */
	memcpy(error, dp_error, sizeof(error));
	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		unstage(c, (enum sl_hook)hook);
	dp_note(c->dp, c->slot)->next = (struct sl_hook_note) {};
	if (c->new_slot) {
		dp_slot_free(c->dp, c->slot);
		dp_pins_drop(c->dp, c->ifindex);
	}
	memcpy(dp_error, error, sizeof(error));
}

/* --- commit --- */

static void heed_set(struct change *c, __u32 instance)
{
	__atomic_store_n(&c->dp->root->iface[c->slot].heed, instance, __ATOMIC_RELEASE);
}

/* See "beside" above. */
static int take_over(struct change *c)
{
	const struct dp_hook *old = &c->cur[SL_HOOK_XDP], *new = &c->new[SL_HOOK_XDP];
	bool old_first = dp_xdp_runs_first(c->dp, c->ifindex, old->id, new->id);
	int err;

	heed_set(c, old_first ? new->instance : old->instance);
	err = dp_grace(c->dp);
	if (err)
		return err;
	dp_charge_set(c->dp, c->slot, SL_HOOK_XDP, SL_INSTANCE_ANY);
	err = dp_grace(c->dp);
	if (err)
		return err;
	dp_charge_set(c->dp, c->slot, SL_HOOK_XDP, new->instance);
	err = dp_grace(c->dp);
	heed_set(c, 0);
	return err;
}

static int commit_xdp(struct change *c)
{
	const struct dp_hook *old = &c->cur[SL_HOOK_XDP], *new = &c->new[SL_HOOK_XDP];
	int err;

	switch (c->act[SL_HOOK_XDP]) {
	case ADD:
		dp_charge_set(c->dp, c->slot, SL_HOOK_XDP, new->instance);
		return 0;
	case REMOVE:
		dp_charge_set(c->dp, c->slot, SL_HOOK_XDP, 0);
		return 0;
	case SWAP:
		err = dp_xdp_swap(c->dp, c->ifindex, c->name, old, new);
		if (err)
			return err;
		c->done[SL_HOOK_XDP] = true;
		dp_charge_set(c->dp, c->slot, SL_HOOK_XDP, new->instance);
		return 0;
	case BESIDE:
		return take_over(c);
	case KEEP:
		break;
	}
	return 0;
}

static int commit_tc(struct change *c, enum sl_hook hook)
{
	const struct dp_hook *old = &c->cur[hook];
	struct dp_hook *new = &c->new[hook];
	int err;

	switch (c->act[hook]) {
	case ADD:
		dp_charge_set(c->dp, c->slot, hook, new->instance);
		return 0;
	case REMOVE:
		dp_charge_set(c->dp, c->slot, hook, 0);
		return 0;
	case SWAP:
		err = dp_tc_swap(c->dp, c->ifindex, c->name, hook, old, old->fd, new->fd);
		if (err)
			return err;
		new->kind = old->kind;
		c->done[hook] = true;
		dp_charge_set(c->dp, c->slot, hook, new->instance);
		return 0;
	default:
		return 0;
	}
}

/*
 * TC ingress before XDP: where it stops, where it must learn the handoff word before XDP leaves
 * it, and where it takes all packets as judged, which must end before XDP stops judging.
 */
static bool tc_goes_first(const struct change *c)
{
	__u32 before = c->cur[SL_HOOK_TC_INGRESS].handoff;
	__u32 after = c->new[SL_HOOK_TC_INGRESS].handoff;

	if (c->act[SL_HOOK_TC_INGRESS] == REMOVE)
		return true;
	if (c->act[SL_HOOK_TC_INGRESS] != SWAP)
		return false;
	return before == SL_HANDOFF_ALL || (after && after != SL_HANDOFF_ALL);
}

static int commit_ingress(struct change *c)
{
	int err;

	if (tc_goes_first(c))
		return commit_tc(c, SL_HOOK_TC_INGRESS) ?: commit_xdp(c);
	err = commit_xdp(c);
	/* Packets that XDP has let pass in its former way reach TC before that changes, too. */
	if (!err && c->act[SL_HOOK_XDP] != KEEP && c->act[SL_HOOK_TC_INGRESS] != KEEP)
		err = dp_grace(c->dp);
	return err ?: commit_tc(c, SL_HOOK_TC_INGRESS);
}

static void revert(struct change *c, const __u32 charge[SL_HOOK_MAX_])
{
	char error[sizeof(dp_error)];
	unsigned int hook;

	memcpy(error, dp_error, sizeof(error));
	for (hook = SL_HOOK_MAX_; hook-- > 0;) {
		dp_charge_set(c->dp, c->slot, (enum sl_hook)hook, charge[hook]);
		if (!c->done[hook])
			continue;
		if (hook == SL_HOOK_XDP)
			dp_xdp_swap(c->dp, c->ifindex, c->name, &c->new[hook], &c->cur[hook]);
		else
			dp_tc_swap(c->dp, c->ifindex, c->name, (enum sl_hook)hook, &c->cur[hook],
				   c->new[hook].fd, c->cur[hook].fd);
	}
	heed_set(c, 0);
	memcpy(dp_error, error, sizeof(error));
}

static int commit(struct change *c)
{
	__u32 charge[SL_HOOK_MAX_];
	unsigned int hook;
	int err;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		charge[hook] = dp_charge(c->dp, c->slot, (enum sl_hook)hook);
	err = commit_ingress(c);
	if (!err)
		err = commit_tc(c, SL_HOOK_TC_EGRESS);
	if (err)
		revert(c, charge);
	return err;
}

/* --- finish: all is in charge that is to be; the rest is detached and forgotten --- */

static int finish_removed(struct change *c, enum sl_hook hook)
{
	int err;

	err = hook == SL_HOOK_XDP ? dp_xdp_detach(c->dp, c->ifindex, &c->cur[hook])
				  : dp_tc_detach(c->dp, c->ifindex, hook, &c->cur[hook]);
	if (err)
		return err;
	dp_note(c->dp, c->slot)->hook[hook] = (struct sl_hook_note) {};
	dp_unpin(c->dp, "if/%d/%s", c->ifindex, sl_hook_names[hook]);
	dp_unpin(c->dp, "if/%d/%s-link", c->ifindex, sl_hook_names[hook]);
	return 0;
}

static int finish_hook(struct change *c, enum sl_hook hook)
{
	int err = 0;

	if (c->act[hook] == KEEP)
		return 0;
	if (c->act[hook] == REMOVE)
		return finish_removed(c, hook);
	if (c->act[hook] == BESIDE)
		err = dp_xdp_detach(c->dp, c->ifindex, &c->cur[hook]);
	if (err)
		return err;
	dp_note(c->dp, c->slot)->hook[hook] = note_of(&c->new[hook]);
	return dp_pin_commit(c->dp, c->ifindex, hook);
}

static void finish_note(struct change *c)
{
	struct sl_note *note = dp_note(c->dp, c->slot);
	const struct dp_hook *xdp = xdp_after(c);

	note->next = (struct sl_hook_note) {};
	note->xdp_want = c->want->xdp;
	note->xdp_kind = (__u32)xdp->kind;
	note->xdp_priority = (__u32)xdp->priority;
	note->xdp_frags = xdp->frags;
	if (c->act[SL_HOOK_XDP] == ADD || !xdp->kind)
		memcpy(note->xdp_why, c->why, sizeof(note->xdp_why));
}

static int finish(struct change *c)
{
	unsigned int hook;
	int first = 0;
	int err;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++) {
		err = finish_hook(c, (enum sl_hook)hook);
		first = first ?: err;
	}
	if (first)
		return first;
	finish_note(c);
	if (c->want->xdp == SL_XDP_OFF && !c->want->tc[SL_DIR_INGRESS] &&
	    !c->want->tc[SL_DIR_EGRESS]) {
		dp_slot_free(c->dp, c->slot);
		dp_pins_drop(c->dp, c->ifindex);
	}
	return 0;
}

/* --- the whole --- */

static int open_slot(struct change *c)
{
	int slot = dp_slot_find(c->dp, c->ifindex);
	int err;

	if (slot >= 0) {
		c->slot = (__u32)slot;
		return sl_dp_rename(c->dp, c->ifindex, c->name);
	}
	err = dp_slot_get(c->dp, c->ifindex, c->name, &c->slot);
	if (err)
		return err;
	c->new_slot = true;
	err = dp_mkdir(c->dp, "if");
	if (!err)
		err = dp_mkdir(c->dp, "if/%d", c->ifindex);
	/* Of an interface that was in another namespace: its XDP program went with it. */
	return err ?: dp_xdp_detach_strays(c->dp, c->ifindex);
}

static int run_change(struct change *c)
{
	int err;

	err = open_slot(c);
	if (!err)
		err = dp_hooks_read(c->dp, c->ifindex, c->cur);
	if (!err)
		err = stage(c);
	if (!err)
		err = commit(c);
	if (!err)
		return finish(c);
	if (dp_slot_find(c->dp, c->ifindex) >= 0)
		abandon(c);
	return err;
}

static int transition(struct sl_dp *dp, int ifindex, const char *name,
		      const struct sl_conf_iface *want)
{
	_cleanup_(change_clear) struct change c = { .dp = dp, .ifindex = ifindex, .want = want };

	memcpy(c.name, name, sizeof(c.name));
	hooks_init(c.cur);
	hooks_init(c.new);
	return run_change(&c);
}

static bool mode_fits(const struct sl_dp *dp, int ifindex, const struct dp_hook *xdp,
		      enum sl_xdp_mode want)
{
	int slot = dp_slot_find(dp, ifindex);

	if (slot < 0 || !xdp->kind || want == SL_XDP_OFF || xdp->mode == want)
		return true;
	return want == SL_XDP_AUTO &&
	       (xdp->mode == SL_XDP_NATIVE || dp_note(dp, (__u32)slot)->xdp_want == want);
}

/* What brings the interface back to what it has now. */
static struct sl_conf_iface want_as_is(const struct sl_dp *dp, int ifindex,
				       const struct dp_hook hooks[SL_HOOK_MAX_])
{
	const struct dp_hook *xdp = &hooks[SL_HOOK_XDP];
	int slot = dp_slot_find(dp, ifindex);

	return (struct sl_conf_iface) {
		.xdp = xdp->kind ? xdp->mode : SL_XDP_OFF,
		.priority = slot >= 0 ? (int)dp_note(dp, (__u32)slot)->xdp_priority : xdp->priority,
		.tc = { hooks[SL_HOOK_TC_INGRESS].kind, hooks[SL_HOOK_TC_EGRESS].kind },
	};
}

/*
 * Native and generic exclude each other, and so do the dispatcher and a program alone: one goes
 * before the other comes. TC ingress is in between, wanted or not: each step is one of those above,
 * and no packet goes unjudged.
 */
static int switch_mode(struct sl_dp *dp, int ifindex, const char *name, struct sl_conf_iface was,
		       const struct sl_conf_iface *want)
{
	struct sl_conf_iface bridge = *want, back = was;
	struct sl_note *note = dp_note(dp, (__u32)dp_slot_find(dp, ifindex));
	__u32 wanted = note->xdp_want;
	char why[sizeof(note->xdp_why)];
	char error[sizeof(dp_error)];
	enum sl_dp_alone alone = dp->alone;
	int err;

	memcpy(why, note->xdp_why, sizeof(why));
	back.tc[SL_DIR_INGRESS] = bridge.tc[SL_DIR_INGRESS] = true;
	dp->alone = SL_ALONE_NOT;
	err = transition(dp, ifindex, name, &back);
	if (!err) {
		bridge.xdp = SL_XDP_OFF;
		err = transition(dp, ifindex, name, &bridge);
	}
	dp->alone = alone;
	if (!err) {
		bridge.xdp = want->xdp;
		err = transition(dp, ifindex, name, &bridge);
	}
	if (!err)
		return transition(dp, ifindex, name, want);
	memcpy(error, dp_error, sizeof(error));
	dp->alone = SL_ALONE_NOT;
	if (!transition(dp, ifindex, name, &back) && !transition(dp, ifindex, name, &was)) {
		note->xdp_want = wanted;
		memcpy(note->xdp_why, why, sizeof(why));
	}
	memcpy(dp_error, error, sizeof(error));
	return err;
}

int sl_dp_attach(struct sl_dp *dp, int ifindex, const struct sl_conf_iface *want)
{
	struct dp_hook hooks[SL_HOOK_MAX_];
	struct sl_conf_iface was;
	unsigned int hook;
	char name[16];
	bool fits, leaves;
	int err;

	if (!dp->base || !dp->pin_dir)
		return dp_fail(dp, -EINVAL, "the data path is not started");
	err = dp_device_check(dp, ifindex, name);
	if (err)
		return err;
	hooks_init(hooks);
	err = dp_hooks_read(dp, ifindex, hooks);
	leaves = !err && hooks[SL_HOOK_XDP].kind == SL_XDP_DISPATCHER;
	if (leaves)
		err = be_alone(dp, ifindex, want, &hooks[SL_HOOK_XDP], &leaves);
	fits = !leaves && mode_fits(dp, ifindex, &hooks[SL_HOOK_XDP], want->xdp);
	was = want_as_is(dp, ifindex, hooks);
	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		dp_hook_clear(&hooks[hook]);
	if (err)
		return err;
	return fits ? transition(dp, ifindex, name, want)
		    : switch_mode(dp, ifindex, name, was, want);
}

int sl_dp_attach_beside(struct sl_dp *dp, int ifindex, const struct sl_conf_iface *want,
			enum sl_dp_alone alone, const char *words)
{
	int err;

	dp->alone = alone;
	dp->alone_words = words;
	err = sl_dp_attach(dp, ifindex, want);
	dp->alone = SL_ALONE_NOT;
	return err;
}
