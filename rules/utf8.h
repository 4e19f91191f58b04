/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

/* Bytes of the UTF-8 character at text, 0 when the bytes there are none. left is at least 1. */
size_t sl_utf8_length(const char *text, size_t left);
