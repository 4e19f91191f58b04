/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdio.h>

struct sl_command;

/* Help on one verb, or on the whole when command is NULL. */
void sl_help_print(const struct sl_command *command, FILE *to);
