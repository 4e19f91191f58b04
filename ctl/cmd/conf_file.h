/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "rules.h"

/* As sl_conf_load, where "-" is standard input. */
int sl_conf_file_load(struct sl_conf **out, const char *path, struct sl_diag *diag);
/* The same for a verb: returns an exit status, and what is wrong has been said. */
int sl_conf_file_or_say(struct sl_conf **out, const char *path);
