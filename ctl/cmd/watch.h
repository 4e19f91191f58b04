/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

struct sl_ctl;

/* Shows the statistics every so many seconds until interrupted or nobody reads on. */
int sl_watch(struct sl_ctl *ctl, double seconds);
