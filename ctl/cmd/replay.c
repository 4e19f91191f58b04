// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Packets out of a file, judged by the programs that would judge them on an interface, each run
 * once by the kernel with nothing attached.
 */

#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "conf_file.h"
#include "options.h"
#include "out.h"
#include "trial.h"

/* More than the kernel runs a program on. */
#define OUT_MAX (1U << 19)

struct replay {
	struct sl_conf *conf;
	struct sl_trial *trial;
	enum sl_hook hook;
	struct sl_capture *capture;
	struct sl_capture_out *out;
	struct sl_replay_sum *sum;
	struct sl_frame first; /* of the file: its time is 0 in text */
	bool json;
	unsigned long packets;
	unsigned long failed;
};

static void replay_clear(struct replay *replay)
{
	sl_replay_sum_freep(&replay->sum);
	sl_capture_out_freep(&replay->out);
	sl_capture_freep(&replay->capture);
	sl_trial_freep(&replay->trial);
	sl_conf_freep(&replay->conf);
}

static int load_programs(struct replay *replay)
{
	int status = sl_trial_new(&replay->trial, replay->conf, replay->hook, NULL, "replay");

	if (!status && sl_replay_sum_new(&replay->sum, replay->conf))
		status = sl_fail("out of memory");
	return status;
}

static int open_files(struct replay *replay, const char *from, const char *to)
{
	char error[SL_CAPTURE_ERROR];

	if (sl_capture_open(&replay->capture, from, error))
		return sl_fail("cannot read packets from '%s': %s", from, error);
	if (to && sl_capture_create(&replay->out, to, replay->capture, error))
		return sl_fail("cannot write packets to '%s': %s", to, error);
	return SL_EXIT_OK;
}

static void write_accepted(struct replay *replay, const struct sl_frame *frame, const __u8 *data,
			   size_t length)
{
	struct sl_frame out = *frame;

	if (!replay->out)
		return;
	out.data = data;
	out.captured = length;
	out.length = length + (frame->length - frame->captured);
	sl_capture_put(replay->out, &out);
}

static void judge(struct replay *replay, const struct sl_frame *frame)
{
	static __u8 out[OUT_MAX];
	struct sl_judged judged = { .number = replay->packets,
				    .frame = frame,
				    .hook = replay->hook };
	size_t length = 0;

	judged.err = sl_trial_run(replay->trial, frame->data, frame->captured, &judged.trace, out,
				  sizeof(out), &length);
	if (judged.err) {
		judged.error = sl_trial_error(replay->trial);
		replay->failed++;
	} else {
		judged.rule = sl_trial_rule(replay->trial, &judged.trace);
	}
	sl_app_see(&judged.app, replay->trial, &judged.trace);
	if (!judged.err && judged.trace.verdict == SL_ACCEPT)
		write_accepted(replay, frame, out, length);
	sl_replay_sum_add(replay->sum, &judged);
	if (replay->json)
		sl_replay_print_json(&judged);
	else
		sl_replay_print_text(&judged, &replay->first);
	sl_app_seen_clear(&judged.app);
}

/* A file that ends in the middle is judged as far as it goes. */
static int judge_all(struct replay *replay, const char *path)
{
	char error[SL_CAPTURE_ERROR];
	struct sl_frame frame;
	int found = 0;

	while (!sl_out_closed() && (found = sl_capture_next(replay->capture, &frame, error)) > 0) {
		if (!replay->packets++)
			replay->first = frame;
		judge(replay, &frame);
	}
	if (found < 0)
		return sl_fail("%s: packet %lu: %s", path, replay->packets + 1, error);
	return SL_EXIT_OK;
}

static int finish(struct replay *replay, const char *to)
{
	int err = replay->out ? sl_capture_finish(&replay->out) : 0;

	if (err)
		return sl_fail("cannot write packets to '%s': %s", to, strerror(-err));
	if (replay->failed)
		return sl_fail("%lu of %lu packets could not be judged", replay->failed,
			       replay->packets);
	return SL_EXIT_OK;
}

int sl_cmd_replay(struct sl_ctl *ctl)
{
	const char *from = ctl->opt[SL_OPT_READ], *to = ctl->opt[SL_OPT_WRITE];
	const char *conf = ctl->opt[SL_OPT_CONFIG], *hook = ctl->opt[SL_OPT_HOOK];
	_cleanup_(replay_clear) struct replay replay = { .json = ctl->opt[SL_OPT_JSON] };
	int status;

	if (hook)
		replay.hook = sl_choice_find(sl_options[SL_OPT_HOOK].values, hook);
	if (!strcmp(from, "-") && !strcmp(conf, "-"))
		return sl_misuse("standard input is either the configuration or the packets");
	status = sl_conf_file_or_say(&replay.conf, conf) ?: open_files(&replay, from, to);
	status = status ?: load_programs(&replay);
	if (status)
		return status;
	status = judge_all(&replay, from);
	if (!replay.json && sl_replay_sum_print(replay.sum))
		status = SL_EXIT_FAILED;
	return finish(&replay, to) ?: status;
}
