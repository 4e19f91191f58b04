/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What rules mean, by their conditions and nothing that is compiled from them. */

#include "rules.h"
#include "rules_random.h"

/*
 * The slot of who decides, asking rules from key->from on. counts: what each slot has counted of
 * rules that do not decide.
 */
__u32 model_evaluate(const struct sl_conf *conf, enum sl_dir dir, const struct sl_key *key,
		     __u64 *counts);
/*
 * A key as the data path would fill it in, near what rules ask for: parts that the packet does not
 * have are zero.
 */
void model_draw_key(struct random *r, const struct sl_conf *conf, struct sl_key *key);

/*
 * Packets through the data path's walk and through the model: fails the test where they differ.
 * Returns how many rules the packets met.
 */
unsigned long model_agree(struct random *r, const struct sl_conf *conf,
			  const struct sl_ruleset *block, unsigned int packets);
/* Compiled for MODEL_BASE; fails the test when it cannot be. */
struct sl_ruleset *model_lower(const struct sl_conf *conf);

#define MODEL_BASE 0x80000000U
#define MODEL_MAX  (64U << 20)
