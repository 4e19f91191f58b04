/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Gives up, for good, all privileges but those that the data path takes. */
int sl_caps_drop(void);
