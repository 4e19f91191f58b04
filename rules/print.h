/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "buf.h"
#include "match.h"
#include "rules.h"

/* print_match.c: the conditions as a rule writes them, in one fixed way. */
void sl_match_print(struct sl_buf *buf, const struct sl_conf_match *match);

/* print.c: conditions and action; what sl_conf_rule.text is. */
int sl_rule_print(const struct sl_conf_rule *rule, char **out);
