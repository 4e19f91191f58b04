/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "match.h"

/*
 * What can be said of two matches without a packet. All of this errs on one side: what is claimed
 * holds, and not all that holds is claimed.
 */

/* All packets that inner matches, outer matches. */
bool sl_match_covers(const struct sl_conf_match *outer, const struct sl_conf_match *inner);
/* The same, were it not for one field of the key; which one it is, in *field. */
bool sl_match_covers_but(const struct sl_conf_match *outer, const struct sl_conf_match *inner,
			 enum sl_field *field);
bool sl_match_equal(const struct sl_conf_match *a, const struct sl_conf_match *b);
