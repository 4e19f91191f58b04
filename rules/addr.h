/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "field.h"

#define SL_ADDR_TEXT 46

/* An address as people write it. */
void sl_addr_text(enum sl_l3 l3, sl_u128 addr, char text[SL_ADDR_TEXT]);
