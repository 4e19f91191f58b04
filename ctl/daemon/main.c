/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * sluiced: keeps Sluice's programs attached and their rules loaded, and answers sluicectl.
 *
 * The data path is in the kernel and pinned: it neither needs us to judge packets nor goes when we
 * go. So starting is mostly adopting, and leaving is closing files. All that can be wrong with the
 * configuration is found before anything is touched.
 *
 * One thread and one epoll loop (loop.c), but for compiling (job.h). What it hears: signals (here), interfaces (link.c, acted
 * on in port.c), requests (server.c, exchange.c, and the table of api.c). What it drives is libdp.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "caps.h"
#include "cleanup.h"
#include "config.h"
#include "confirm.h"
#include "cred.h"
#include "daemon.h"
#include "events.h"
#include "datapath.h"
#include "log.h"
#include "notify.h"
#include "exchange.h"
#include "options.h"
#include "port.h"
#include "reload.h"
#include "server.h"
#include "sweep.h"

static const struct sl_link_ops link_ops = {
	.changed = sl_ports_link_changed,
	.removed = sl_ports_link_removed,
};

static void on_signal(void *data, uint32_t events)
{
	struct sl_daemon *daemon = data;
	struct signalfd_siginfo info;

	if (read(daemon->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP) {
		sl_reload_asked(daemon);
		return;
	}
	sl_info("leaving, the data path goes on");
	sl_loop_stop(&daemon->loop);
}

static int watch_signals(struct sl_daemon *daemon)
{
	sigset_t set;
	int fd, err;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = sl_watch_add(&daemon->loop, &daemon->signals, fd, EPOLLIN, on_signal, daemon);
	if (err)
		close(fd);
	return err;
}

static void on_watchdog(void *data)
{
	sl_notify("WATCHDOG=1");
}

static int watch_dog(struct sl_daemon *daemon)
{
	uint64_t every = sl_notify_watchdog();
	int err;

	if (!every)
		return 0;
	err = sl_timer_open(&daemon->loop, &daemon->watchdog, on_watchdog, NULL);
	if (!err)
		sl_timer_set(&daemon->watchdog, every, every);
	return err;
}

static int open_loop(struct sl_daemon *daemon)
{
	int err;

	err = sl_loop_open(&daemon->loop);
	if (!err)
		err = watch_signals(daemon);
	if (!err)
		err = watch_dog(daemon);
	if (!err)
		err = sl_ports_watch(daemon);
	if (!err)
		err = sl_confirm_open(daemon);
	if (!err)
		err = sl_reload_new(daemon);
	if (err)
		sl_error("event loop: %s", strerror(-err));
	return err;
}

static int load_config(struct sl_daemon *daemon)
{
	_cleanup_free_ char *words = NULL;
	int err;

	err = sl_config_load(daemon->opts->config, &daemon->conf, &words);
	if (words && *words)
		sl_log_text(err ? LOG_ERR : LOG_WARNING, words);
	if (err)
		sl_error("configuration '%s': not usable, nothing was changed",
			 daemon->opts->config);
	return err;
}

/*
 * What was not confirmed does not come by a restart, and a file that is not usable is no reason to
 * leave it in force.
 */
static int choose_config(struct sl_daemon *daemon)
{
	int err = load_config(daemon);

	if (sl_dp_new(&daemon->dp, daemon->opts->pin_dir))
		return -ENOMEM;
	if (sl_confirm_recall(daemon, &daemon->conf))
		err = 0;
	sl_dp_freep(&daemon->dp);
	return err;
}

static int start_datapath(struct sl_daemon *daemon)
{
	_cleanup_free_ char *words = NULL;
	int err;

	err = sl_datapath_start(daemon, daemon->conf, &words);
	if (words && *words)
		sl_log_text(err ? LOG_ERR : LOG_WARNING, words);
	if (err)
		return err;
	err = sl_ports_adopt(daemon);
	if (err) {
		sl_error("data path: %s", sl_datapath_error(daemon, err));
		return err;
	}
	sl_confirm_recalled(daemon);
	sl_ports_settle(daemon);
	return 0;
}

static void on_dp_log(int level, const char *line)
{
	sl_log(level, "%s", line);
}

/* Some hundred lines for each program that is loaded. */
static void on_dp_log_brief(int level, const char *line)
{
	if (level < LOG_DEBUG)
		sl_log(level, "%s", line);
}

/* Each step logs what goes wrong with it. */
static int start(struct sl_daemon *daemon)
{
	gid_t readers = sl_cred_group(daemon->opts->group);
	int err;

	sl_dp_set_log(daemon->opts->verbose > 1 ? on_dp_log : on_dp_log_brief);
	err = choose_config(daemon);
	if (!err)
		err = open_loop(daemon);
	if (!err)
		err = sl_datapath_open(daemon);
	if (!err)
		err = sl_sock_open(&daemon->sock, daemon->opts->socket, readers);
	if (!err)
		err = sl_caps_drop();
	if (!err)
		err = sl_monitor_new(&daemon->monitor, &daemon->loop, &link_ops, daemon);
	if (!err)
		err = sl_netdev_new(&daemon->netdev);
	if (!err)
		err = sl_events_new(&daemon->events, daemon);
	if (!err)
		err = start_datapath(daemon);
	if (!err)
		err = sl_sweep_open(daemon);
	if (!err)
		err = sl_server_new(&daemon->server, daemon, &daemon->sock, readers);
	return err;
}

static void end(struct sl_daemon *daemon)
{
	int signals = daemon->signals.fd;

	sl_reload_freep(&daemon->reload);
	sl_reload_leave(daemon);
	sl_exchanges_go_on(daemon, 503, NULL);
	sl_server_freep(&daemon->server);
	sl_events_freep(&daemon->events);
	sl_sock_close(&daemon->sock);
	sl_ports_free(daemon);
	sl_netdev_freep(&daemon->netdev);
	sl_monitor_freep(&daemon->monitor);
	sl_dp_freep(&daemon->dp);
	sl_conf_freep(&daemon->conf);
	sl_confirm_close(daemon);
	sl_watch_remove(&daemon->loop, &daemon->signals);
	if (signals >= 0)
		close(signals);
	sl_timer_close(&daemon->loop, &daemon->watchdog);
	sl_timer_close(&daemon->loop, &daemon->minute);
	sl_timer_close(&daemon->loop, &daemon->second);
	sl_loop_close(&daemon->loop);
}

static int run(const struct sl_options *opts)
{
	struct sl_daemon daemon = {
		.opts = opts,
		.started = sl_now(),
		.loop = SL_LOOP_INIT,
		.signals = SL_WATCH_INIT,
		.watchdog = SL_TIMER_INIT,
		.minute = SL_TIMER_INIT,
		.second = SL_TIMER_INIT,
		.confirm = SL_CONFIRM_INIT,
		.sock = SL_SOCK_INIT,
	};
	int err;

	err = start(&daemon);
	if (!err) {
		sl_info("sluiced " SL_VERSION ": ready");
		sl_notify("READY=1\nSTATUS=running");
		err = sl_loop_run(&daemon.loop);
		sl_notify("STOPPING=1");
	}
	end(&daemon);
	return err;
}

/* A path that means the same wherever it is shown. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *here = NULL;
	char *out;

	if (*path == '/')
		return strdup(path);
	here = get_current_dir_name();
	if (!here || asprintf(&out, "%s/%s", here, path) < 0)
		return NULL;
	return out;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *config = NULL, *socket = NULL, *pin_dir = NULL;
	enum sl_options_result result;
	struct sl_options opts;

	result = sl_options_parse(&opts, argc, argv);
	if (result != SL_OPTIONS_RUN)
		return (int)result;
	sl_log_init(opts.verbose);
	config = absolute(opts.config);
	socket = absolute(opts.socket);
	pin_dir = absolute(opts.pin_dir);
	if (!config || !socket || !pin_dir) {
		sl_error("paths: %m");
		return EXIT_FAILURE;
	}
	opts.config = config;
	opts.socket = socket;
	opts.pin_dir = pin_dir;
	return run(&opts) ? EXIT_FAILURE : EXIT_SUCCESS;
}
