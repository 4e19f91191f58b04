/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

struct sl_daemon;

/* Every second: expired elements of sets are taken out, and bans that found a set full are said. */
int sl_sweep_open(struct sl_daemon *daemon);
