// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * The verbs reload and confirm. What waits for a confirmation waits in sluiced: here is only a
 * prompt. An answer has to come over the very session that the new rules may have cut, so only a
 * line that was typed after the prompt counts, never the end of the input.
 */

#include "cmd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "guard.h"
#include "out.h"
#include "request.h"
#include "table.h"

/* The rules are in force, but not on these interfaces. */
static int show_failed(const json_t *list)
{
	const json_t *iface;
	int status = SL_EXIT_OK;
	char name[64];
	size_t i;

	json_array_foreach (list, i, iface)
		status =
			sl_fail("%s: %s", sl_clean(sl_json_text(iface, "name"), name, sizeof(name)),
				sl_json_text(iface, "error"));
	return status;
}

static void show_loaded(const json_t *reply)
{
	const json_t *rules = json_object_get(reply, "ruleset");

	printf("configuration loaded: rule set %lld, %lld rules\n",
	       (long long)sl_json_int(rules, "generation"), (long long)sl_json_int(rules, "rules"));
	fflush(stdout);
	/* Warnings, as `check` shows them. */
	fputs(sl_json_text_or_null(reply, "diagnostics") ?: "", stderr);
}

/* --- confirming --- */

static int confirm(struct sl_ctl *ctl, bool undo, json_t *generation, json_t **reply)
{
	json_t *body = json_object();

	if (undo)
		json_object_set_new(body, "undo", json_true());
	if (generation)
		json_object_set(body, "generation", generation);
	return sl_request(ctl, "/v1/confirm", body, reply);
}

static void show_confirmed(const json_t *reply, bool undo)
{
	printf(undo ? "the configuration before is in force again: rule set %lld\n"
		    : "confirmed: rule set %lld stays\n",
	       (long long)sl_json_int(json_object_get(reply, "ruleset"), "generation"));
}

int sl_cmd_confirm(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	int status = confirm(ctl, ctl->opt[SL_OPT_UNDO], NULL, &reply);

	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	else
		show_confirmed(reply, ctl->opt[SL_OPT_UNDO]);
	return SL_EXIT_OK;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

enum answer {
	KEEP,
	UNDO,
	UNCLEAR,
	SILENCE /* until the end, or the terminal is gone */
};

static enum answer answer_of(const char *line, ssize_t length)
{
	if (length == 1 || (length == 2 && strchr("yY", line[0])) || !strncasecmp(line, "yes\n", 4))
		return KEEP;
	if ((length == 2 && strchr("nN", line[0])) || !strncasecmp(line, "no\n", 3))
		return UNDO;
	return UNCLEAR;
}

static enum answer read_answer(long long end)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[64] = "";
	long long left = end - now_ms();
	ssize_t length;
	int ready;

	ready = left > 0 ? poll(&input, 1, (int)left) : 0;
	if (ready < 0 && errno == EINTR)
		return UNCLEAR;
	if (ready <= 0)
		return SILENCE;
	length = read(STDIN_FILENO, line, sizeof(line) - 1);
	return length > 0 ? answer_of(line, length) : SILENCE;
}

static int ask(struct sl_ctl *ctl, const json_t *pending)
{
	long long seconds = sl_json_int(pending, "left"), end = now_ms() + seconds * 1000;
	_cleanup_json_ json_t *reply = NULL;
	enum answer answer;
	int status;

	/* What was typed ahead says nothing of the new rules. */
	tcflush(STDIN_FILENO, TCIFLUSH);
	do {
		printf("keep it? Enter or y keeps it, n takes it back now, and so do %lld seconds: ",
		       (end - now_ms() + 999) / 1000);
		fflush(stdout);
		answer = read_answer(end);
	} while (answer == UNCLEAR);
	if (answer == SILENCE) {
		putchar('\n');
		return sl_fail("not confirmed: the configuration before comes back");
	}
	status = confirm(ctl, answer == UNDO, json_object_get(pending, "generation"), &reply);
	if (!status)
		show_confirmed(reply, answer == UNDO);
	return status;
}

/* --- reload --- */

/* "30s", "2m", "1h"; a number alone is seconds. */
static int parse_duration(const char *text, json_int_t *out)
{
	static const char units[] = "smh";
	static const json_int_t factors[] = { 1, 60, 3600 };
	const char *unit;
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	unit = *end ? strchr(units, *end) : units;
	if (!errno && end != text && unit && (!*end || !end[1]) && number > 0 &&
	    number <= 86400 / factors[unit - units]) {
		*out = number * factors[unit - units];
		return SL_EXIT_OK;
	}
	return sl_misuse("--confirm cannot be '%s': it is a time as 30s, 2m or 1h, a day at most",
			 text);
}

static int show_pending(struct sl_ctl *ctl, const json_t *pending)
{
	if (!json_is_object(pending))
		return SL_EXIT_OK;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return ask(ctl, pending);
	printf("the configuration before comes back in %lld s unless 'sluicectl confirm' keeps this one\n",
	       (long long)sl_json_int(pending, "left"));
	return SL_EXIT_OK;
}

int sl_cmd_reload(struct sl_ctl *ctl)
{
	_cleanup_json_ json_t *reply = NULL;
	json_int_t seconds = 0;
	json_t *body;
	int status = SL_EXIT_OK;

	if (ctl->opt[SL_OPT_CONFIRM])
		status = parse_duration(ctl->opt[SL_OPT_CONFIRM], &seconds);
	if (status)
		return status;
	status = sl_guard_reload(ctl);
	if (status)
		return status;
	body = json_object();
	if (seconds)
		json_object_set_new(body, "confirm", json_integer(seconds));
	status = sl_request(ctl, "/v1/reload", body, &reply);
	if (status)
		return status;
	if (ctl->opt[SL_OPT_JSON])
		sl_json_page(reply);
	else
		show_loaded(reply);
	status = show_failed(json_object_get(reply, "failed"));
	if (!ctl->opt[SL_OPT_JSON])
		status = show_pending(ctl, json_object_get(reply, "pending")) ?: status;
	return status;
}
