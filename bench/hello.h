/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stddef.h>

/* A ClientHello of TLS 1.2 with one extension, the server's name, which is last. Returns its length. */
size_t hello_put(unsigned char *to, const char *name);
