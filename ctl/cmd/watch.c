// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * `stats --watch`: the same tables again and again with rates, on a terminal in place, elsewhere
 * one block or one JSON object after the other. Counters outlive sluiced, and so does this: while
 * sluiced is away, it says so and goes on asking.
 */

#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "client.h"
#include "cmd.h"
#include "out.h"
#include "request.h"
#include "stats_text.h"

/* Another screen, so that this one is back afterwards; no cursor on it, and lines do not wrap. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K\n"
#define SCREEN_REST  "\033[J"

struct watch {
	struct sl_client *client;
	json_t *before;
	double before_at; /* s, monotonic */
	bool json;
	bool screen;
	bool shown;
	int timer;
	int signals;
};

static double monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* text as far as the screen is high, each line to its end, so that nothing older shows through. */
static void draw(char *text)
{
	int lines = sl_out_height() - 1;
	char *line, *rest = text;

	fputs(SCREEN_HOME, stdout);
	while (lines-- > 0 && (line = strsep(&rest, "\n"))) {
		fputs(line, stdout);
		fputs(LINE_END, stdout);
	}
	fputs(SCREEN_REST, stdout);
}

static int show_page(struct watch *watch, const json_t *stats)
{
	_cleanup_free_ char *text = NULL;
	char when[32];
	time_t now = time(NULL);
	struct tm tm;
	size_t size;
	FILE *page;
	int err = 0;

	page = open_memstream(&text, &size);
	if (!page)
		return sl_fail("out of memory");
	if (localtime_r(&now, &tm) && strftime(when, sizeof(when), "%F %T", &tm))
		fprintf(page, "%s\n\n", when);
	if (stats)
		err = sl_stats_print(stats, watch->before,
				     watch->before ? monotonic() - watch->before_at : 0, page);
	else
		fputs("sluiced does not answer; still asking\n", page);
	fclose(page);
	if (err || !text)
		return SL_EXIT_FAILED;
	if (watch->screen)
		draw(text);
	else
		printf("%s%s", watch->shown ? "\n" : "", text);
	return SL_EXIT_OK;
}

static int show(struct watch *watch, const json_t *stats)
{
	if (!watch->json)
		return show_page(watch, stats);
	if (stats)
		sl_json_line(stats);
	return SL_EXIT_OK;
}

/* That sluiced is away for a while is no reason to end, once it has answered. */
static bool may_go_on(const struct watch *watch, int err)
{
	return watch->shown && (err == -ENOENT || err == -ECONNREFUSED || err == -ECONNRESET);
}

static int step(struct watch *watch)
{
	_cleanup_json_ json_t *stats = NULL;
	int err;

	err = sl_client_request(watch->client, "/v1/stats", NULL, &stats);
	if (err && !may_go_on(watch, err))
		return SL_EXIT_FAILED;
	if (watch->screen && !watch->shown)
		fputs(SCREEN_ENTER, stdout);
	if (show(watch, stats))
		return SL_EXIT_FAILED;
	fflush(stdout);
	watch->shown = true;
	if (stats) {
		json_decref(watch->before);
		watch->before = TAKE_PTR(stats);
		watch->before_at = monotonic();
	}
	return SL_EXIT_OK;
}

/* Until the next turn is due (true) or a signal ends it (false). */
static bool wait_turn(const struct watch *watch)
{
	struct pollfd fds[] = {
		{ .fd = watch->timer, .events = POLLIN },
		{ .fd = watch->signals, .events = POLLIN },
		/* No events asked for: only that the reader went away. */
		{ .fd = STDOUT_FILENO },
	};
	uint64_t turns;

	while (poll(fds, 3, -1) < 0) {
		if (errno != EINTR)
			return false;
	}
	if (fds[1].revents || (fds[2].revents & (POLLERR | POLLHUP)))
		return false;
	return read(watch->timer, &turns, sizeof(turns)) == sizeof(turns);
}

/* The message comes when the user's own screen is back. */
static int run(struct watch *watch)
{
	int status;

	do {
		status = step(watch);
	} while (!status && !sl_out_closed() && wait_turn(watch));
	if (watch->screen && watch->shown) {
		fputs(SCREEN_LEAVE, stdout);
		fflush(stdout);
	}
	if (status)
		sl_fail("%s", sl_client_error(watch->client));
	return status;
}

static int open_events(struct watch *watch, double seconds)
{
	struct itimerspec every = {};
	sigset_t set;

	every.it_interval.tv_sec = (time_t)seconds;
	every.it_interval.tv_nsec = (long)((seconds - (double)every.it_interval.tv_sec) * 1e9);
	every.it_value = every.it_interval;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch->signals = signalfd(-1, &set, SFD_CLOEXEC);
	watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (watch->signals < 0 || watch->timer < 0 ||
	    timerfd_settime(watch->timer, 0, &every, NULL))
		return sl_fail("cannot wait: %s", strerror(errno));
	return SL_EXIT_OK;
}

static void watch_clear(struct watch *watch)
{
	sl_client_freep(&watch->client);
	json_decref(watch->before);
	if (watch->timer >= 0)
		close(watch->timer);
	if (watch->signals >= 0)
		close(watch->signals);
}

int sl_watch(struct sl_ctl *ctl, double seconds)
{
	_cleanup_(watch_clear) struct watch watch = { .json = ctl->opt[SL_OPT_JSON],
						      .timer = -1,
						      .signals = -1 };

	if (sl_client_new(&watch.client, ctl->opt[SL_OPT_SOCKET] ?: SL_SOCKET))
		return sl_fail("out of memory");
	watch.screen = !watch.json && isatty(STDOUT_FILENO) && sl_out_height() > 1;
	return open_events(&watch, seconds) ?: run(&watch);
}
