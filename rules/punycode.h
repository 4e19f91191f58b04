/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether it is what RFC 3492 makes of a label that has letters beyond ASCII in it. */
bool sl_punycode_is_valid(const char *text, size_t length);
