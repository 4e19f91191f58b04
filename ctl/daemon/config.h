/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The configuration file: read at start, and again for each reload. */

struct sl_conf;
struct sl_diag;

/* What sl_diag_print prints, malloc'ed; NULL when memory is short. */
char *sl_config_diag_text(const struct sl_diag *diag);

/* *words: errors and warnings as the user shall see them (malloc'ed, may be "" or NULL). */
int sl_config_load(const char *path, struct sl_conf **out, char **words);
