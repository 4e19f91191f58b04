/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What comes out: a line for each row as it is done; at the end peers.md and plots as SVG. */

#include <stddef.h>

#include "peers.h"

struct report_row {
	const struct peer *peer;
	enum work_kind kind;
	bool six;
	size_t count;
	struct result result;
};

struct report {
	const char *directory;
	char command[256];
	struct report_row *rows;
	size_t nrows;
	int failed; /* rows with a wrong verdict, or of Sluice without figures */
};

int report_open(struct report *report, const char *directory, int argc, char **argv);
void report_row(struct report *report, const struct peer *peer, const struct work *work,
		const struct result *result);
/* Not 0 when something could not be written, or a row failed. Frees the rows. */
int report_close(struct report *report, const struct peer *const *peers, size_t npeers);

/* peers_plot.c: DIRECTORY/peers-KIND-WHAT.svg, for all that has points. */
int plot_all(const struct report *report);
