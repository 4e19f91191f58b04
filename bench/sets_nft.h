/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>

#include "traffic.h"

/*
 * Two more cells of a row: what the same elements cost as a set of nftables over a plain drop, for
 * the sources at hand, in ns a packet, and the seconds that nft took to load them; "-" where nft
 * does not run. path: a file, an element a line.
 */
void nft_print(const char *path, bool six, bool prefixes, const struct sl_traffic *sources);
