/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "rules.h"

/* All that a configuration says, but for places in the text. Fails the test when it differs. */
void assert_equal_confs(const struct sl_conf *a, const struct sl_conf *b);
/* Printed, parsed and printed again. */
void assert_round_trip(const struct sl_conf *conf);
