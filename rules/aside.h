/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "match.h"
#include "rules.h"

/*
 * Rules that combine large sets: what of their addresses and ports records do not compare is in
 * sl_conf_rule.asides, and the sets for it are behind the others of conf. 0 or -ENOMEM.
 */
int sl_rule_set_aside(struct sl_conf *conf, struct sl_conf_rule *rule);
