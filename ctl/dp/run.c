// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Replay: the very programs that judge on an interface judge a frame from user space, in interface
 * slot 0 of an arena that nothing else uses. The program writes what it found to SL_ARENA_TRACE.
 */

#include "dp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "names.h"
#include "private.h"

#define ETHERNET_LEN 14
#define UNTOUCHED    (~0U)
#define ANSWER_ROOM  2048 /* what the answer to a rejected frame may be longer */

void sl_dp_run_as(struct sl_dp *dp, __u32 slot, const char *name)
{
	struct sl_iface *iface = &dp->root->iface[slot];

	dp->root->iface[dp->run_slot].ifindex = 0;
	dp->run_slot = slot;
	memset(iface->name, 0, sizeof(iface->name));
	strncpy(iface->name, name, sizeof(iface->name) - 1);
	iface->ifindex = 1; /* of whatever: nothing is attached */
	dp_refer(dp, dp->root->ruleset);
}

static int run_prog(struct sl_dp *dp, enum sl_hook hook, bool trace, struct dp_prog **out)
{
	struct dp_load load = { .hook = hook,
				.meta = hook == SL_HOOK_XDP,
				.frags = hook == SL_HOOK_XDP,
				.config = { .slot = dp->run_slot,
					    .instance = 1,
					    .ncpus = dp->ncpus,
					    .rule_shift = dp->rule_shift,
					    .trace = trace } };
	_cleanup_(dp_prog_freep) struct dp_prog *prog = NULL;
	int err;

	err = dp_prog_open(dp, &load, &prog);
	if (!err)
		err = dp_prog_load(dp, prog);
	if (err)
		return err;
	dp_charge_set(dp, dp->run_slot, hook, 1);
	*out = TAKE_PTR(prog);
	return 0;
}

static int run_load(struct sl_dp *dp, enum sl_hook hook, bool trace)
{
	_cleanup_(dp_prog_freep) struct dp_prog *prog = NULL;
	int err;

	if (!dp->base || dp->pin_dir)
		return dp_fail(dp, -EINVAL, "replay needs a data path of its own, without pins");
	err = dp_arena_touch(dp, SL_ARENA_TRACE, sizeof(struct sl_trace));
	if (!err)
		err = dp_arena_touch(dp, sl_if_stats_offset(dp->run_slot, dp->ncpus, 0),
				     (__u64)dp->ncpus * SL_PAGE_SIZE);
	if (!err)
		err = run_prog(dp, hook, trace, &prog);
	if (err)
		return err;
	if (!dp->root->iface[dp->run_slot].name[0])
		sl_dp_run_as(dp, dp->run_slot, "replay");
	dp_charge_set(dp, dp->run_slot, hook, 1);
	dp_tap_freep(&dp->tap);
	dp_prog_freep(&dp->run);
	dp->run = TAKE_PTR(prog);
	dp->run_hook = hook;
	return 0;
}

int sl_dp_load_for_run(struct sl_dp *dp, enum sl_hook hook)
{
	return run_load(dp, hook, true);
}

int sl_dp_load_for_bench(struct sl_dp *dp, enum sl_hook hook)
{
	int err = run_load(dp, hook, false);

	return err ? err : dp_prog_fd(dp->run);
}

static int run_short(struct sl_dp *dp, const void *frame, size_t len, struct sl_trace *trace,
		     void *out, size_t *out_len)
{
	const struct sl_ruleset *rules = sl_dp_ruleset(dp);

	memset(trace, 0, sizeof(*trace));
	trace->length = (__u32)len;
	trace->reason = rules ? SL_REASON_SHORT_ETHERNET : SL_REASON_NO_RULES;
	trace->verdict = SL_ACCEPT;
	if (rules && rules->drop_reasons >> SL_REASON_SHORT_ETHERNET & 1)
		trace->verdict = SL_DROP;
	if (out && out_len) {
		memcpy(out, frame, len);
		*out_len = len;
	}
	return 0;
}

static int run_failed(struct sl_dp *dp, int err, size_t len, size_t linear)
{
	const char *hook = sl_hook_names[dp->run_hook];

	if (linear)
		return dp_fail(
			dp, err == -EINVAL ? -EOPNOTSUPP : err,
			"%s: this kernel's test run takes no linear part of %zu bytes for a frame of %zu: %s",
			hook, linear, len, dp_words(err));
	if (err == -EINVAL || err == -ENOMEM || err == -EMSGSIZE)
		return dp_fail(dp, -EMSGSIZE,
			       "%s: this kernel runs no program on a frame of %zu bytes", hook,
			       len);
	return dp_fail(dp, err, "%s: test run of a frame of %zu bytes failed: %s", hook, len,
		       dp_words(err));
}

/* At TC, what the test run refuses: err, which is returned when there is no other way. */
static int run_over_tap(struct sl_dp *dp, int err, const void *frame, size_t len)
{
	if (dp->run_hook == SL_HOOK_XDP || dp->no_tap || (err != -EINVAL && err != -ENOMEM))
		return err;
	if (!dp->tap)
		dp->no_tap = dp_tap_new(&dp->tap, dp->run_hook, dp_prog_fd(dp->run)) != 0;
	if (dp->no_tap)
		return err;
	return dp_tap_send(dp->tap, frame, len);
}

static int take_from_tap(struct sl_dp *dp, const struct sl_trace *trace, void *out, size_t max,
			 size_t *out_len)
{
	int err;

	*out_len = 0;
	if (trace->verdict != SL_ACCEPT)
		return 0;
	err = dp_tap_receive(dp->tap, out, max, out_len);
	if (err)
		return dp_fail(dp, err, "%s: an accepted frame did not come out of the device: %s",
			       sl_hook_names[dp->run_hook], dp_words(err));
	return 0;
}

/* One frame through one program, which asks the rules from a place on; 0: all of them. */
struct one_run {
	struct dp_prog *prog;
	const void *frame;
	size_t len;
	size_t linear;
	void *out;
	size_t max;
	size_t out_len;
	__u32 from;
};

static int run_one(struct sl_dp *dp, struct one_run *run, struct sl_trace *trace)
{
	struct sl_trace *found = dp_at(dp, SL_ARENA_TRACE);
	struct xdp_md ctx = { .data_end = (__u32)run->linear };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame, .data_size_in = (__u32)run->len,
		    .data_out = run->out, .data_size_out = run->out ? (__u32)run->max : 0,
		    .repeat = 1);
	bool tapped;
	int err;

	if (run->linear && dp->run_hook == SL_HOOK_XDP) {
		opts.ctx_in = &ctx;
		opts.ctx_size_in = sizeof(ctx);
	}
	found->verdict = UNTOUCHED;
	found->key.from = run->from;
	err = bpf_prog_test_run_opts(dp_prog_fd(run->prog), &opts);
	tapped = err && !run->linear && run->prog == dp->run;
	if (tapped)
		err = run_over_tap(dp, err, run->frame, run->len);
	if (err)
		return run_failed(dp, err, run->len, run->linear);
	if (found->verdict == UNTOUCHED)
		return dp_fail(dp, -EIO, "%s: the program ran and left no trace",
			       sl_hook_names[dp->run_hook]);
	*trace = *found;
	run->out_len = opts.data_size_out;
	return tapped && run->out ? take_from_tap(dp, trace, run->out, run->max, &run->out_len) : 0;
}

/* What XDP leaves to TC ingress, TC ingress judges: as on an interface that has both. */
static int run_rest(struct sl_dp *dp, struct one_run *run, struct sl_trace *trace)
{
	_cleanup_free_ void *frame = malloc(run->len);
	struct one_run rest = *run;
	int err;

	if (!frame)
		return dp_fail(dp, -ENOMEM, "no memory for a frame of %zu bytes", run->len);
	if (!dp->run_rest) {
		err = run_prog(dp, SL_HOOK_TC_INGRESS, true, &dp->run_rest);
		if (err)
			return err;
	}
	memcpy(frame, run->out, run->len);
	rest.prog = dp->run_rest;
	rest.frame = frame;
	rest.linear = 0;
	rest.from = trace->key.from;
	err = run_one(dp, &rest, trace);
	run->out_len = rest.out_len;
	return err;
}

int sl_dp_run(struct sl_dp *dp, const void *frame, size_t len, size_t linear,
	      struct sl_trace *trace, void *out, size_t max, size_t *out_len)
{
	_cleanup_free_ void *room = NULL;
	struct one_run run = { .prog = dp->run,
			       .frame = frame,
			       .len = len,
			       .linear = linear,
			       .max = len + ANSWER_ROOM };
	int err;

	if (!dp->run || !dp->base)
		return dp_fail(dp, -EINVAL, "no program is loaded for replay");
	if (out && max < len)
		return dp_fail(dp, -EINVAL, "a buffer of %zu bytes for a frame of %zu", max, len);
	if (len < ETHERNET_LEN)
		return run_short(dp, frame, len, trace, out, out_len);
	room = run.out = malloc(run.max);
	if (!room)
		return dp_fail(dp, -ENOMEM, "no memory for a frame of %zu bytes", len);
	err = run_one(dp, &run, trace);
	if (!err && trace->verdict == SL_CONTINUE)
		err = run_rest(dp, &run, trace);
	if (err || !out || !out_len)
		return err;
	if (run.out_len > max)
		return dp_fail(dp, -EINVAL, "a buffer of %zu bytes for a frame of %zu", max,
			       run.out_len);
	memcpy(out, room, run.out_len);
	*out_len = run.out_len;
	return 0;
}
