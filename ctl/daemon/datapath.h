/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Libdp as the daemon uses it: with its place in the file system, and with words for what fails. */

struct sl_conf;
struct sl_daemon;

/*
 * Sees to it that the pin directory is on bpffs, and opens libdp on it. Nothing is loaded or
 * attached yet. What goes wrong is logged.
 */
int sl_datapath_open(struct sl_daemon *daemon);

/*
 * Adopts or makes the data path and puts conf in force; what cannot be is said in *words
 * (malloc'ed), and then the rules that were in force stay, and a new data path is gone again.
 */
int sl_datapath_start(struct sl_daemon *daemon, struct sl_conf *conf, char **words);
/* Nothing of ours stays in the kernel. */
int sl_datapath_remove(struct sl_daemon *daemon);

/* Puts conf in force. Warnings are in *words, too. */
int sl_datapath_apply(struct sl_daemon *daemon, struct sl_conf *conf, char **words);
/* All of that but the switch, sl_dp_commit: may run in a thread, see sl_dp_prepare. */
int sl_datapath_prepare(struct sl_daemon *daemon, struct sl_conf *conf, char **words);

/* What libdp says about err, or what there is to say when it says nothing. */
const char *sl_datapath_error(const struct sl_daemon *daemon, int err);
