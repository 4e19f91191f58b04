// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* A plot for each kind of work and each figure: over the number of rules, both axes logarithmic. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "peers_report.h"

#define WIDTH  720
#define HEIGHT 420
#define LEFT   70
#define RIGHT  170 /* the legend */
#define TOP    40
#define BOTTOM 50
#define LINES  16

enum figure {
	RUN_HIT,
	LIVE_HIT,
	LIVE_MISS,
	LOAD,
	MEMORY,
	FIGURE_MAX_
};

static const struct {
	const char *file;
	const char *title;
	const char *unit;
} figures[FIGURE_MAX_] = {
	[RUN_HIT] = { "run", "a packet that is dropped, by test run", "ns of CPU" },
	[LIVE_HIT] = { "live-hit", "a packet that is dropped, over veth", "ns of CPU" },
	[LIVE_MISS] = { "live-miss", "a packet that no rule matches, over veth", "ns of CPU" },
	[LOAD] = { "load", "to load them", "seconds" },
	[MEMORY] = { "memory", "memory of the kernel", "MiB" },
};

/* Told apart without seeing red and green. */
static const char *const colours[] = { "#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73",
				       "#cc79a7", "#000000", "#999999", "#f0e442" };

struct plot {
	const struct report *report;
	enum work_kind kind;
	bool six;
	enum figure figure;
	double low[2], high[2]; /* powers of ten, of x and y */
};

static double figure_of(const struct report_row *row, enum figure figure)
{
	if (!row->result.ran)
		return 0;
	switch (figure) {
	case RUN_HIT:
		return row->result.run[WORK_HIT];
	case LIVE_HIT:
		return row->result.live[WORK_HIT];
	case LIVE_MISS:
		return row->result.live[WORK_MISS];
	case LOAD:
		return row->result.load;
	default:
		return row->result.mib;
	}
}

/* 0: the row has no point in this plot. */
static double point_of(const struct plot *plot, const struct report_row *row)
{
	if (row->kind != plot->kind || row->six != plot->six)
		return 0;
	return figure_of(row, plot->figure);
}

static void widen(double *low, double *high, double value)
{
	*low = fmin(*low, floor(log10(value)));
	*high = fmax(*high, fmax(ceil(log10(value)), *low + 1));
}

/* Whether there are at least two points on a line. */
static bool plot_range(struct plot *plot)
{
	bool has_line = false;

	plot->low[0] = plot->low[1] = 1e9;
	plot->high[0] = plot->high[1] = -1e9;
	for (size_t i = 0; i < plot->report->nrows; i++) {
		const struct report_row *row = &plot->report->rows[i];
		double y = point_of(plot, row);

		if (y <= 0)
			continue;
		has_line |= plot->low[0] < 1e9 && plot->low[0] < floor(log10((double)row->count));
		widen(&plot->low[0], &plot->high[0], (double)row->count);
		widen(&plot->low[1], &plot->high[1], y);
	}
	return has_line;
}

static double place(const struct plot *plot, int axis, double value)
{
	double part = (log10(value) - plot->low[axis]) / (plot->high[axis] - plot->low[axis]);

	return axis ? HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
		    : LEFT + part * (WIDTH - LEFT - RIGHT);
}

static void draw_axis(const struct plot *plot, int axis, FILE *to)
{
	for (double power = plot->low[axis]; power <= plot->high[axis]; power++) {
		double at = place(plot, axis, pow(10, power));

		if (axis)
			fprintf(to,
				"<path d=\"M%d %.1fH%d\" class=\"grid\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.10g</text>\n",
				LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4, pow(10, power));
		else
			fprintf(to,
				"<path d=\"M%.1f %dV%d\" class=\"grid\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.10g</text>\n",
				at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 18, pow(10, power));
	}
}

static void draw_line(const struct plot *plot, const struct peer *peer, size_t nth, FILE *to)
{
	const char *colour = colours[nth % (sizeof(colours) / sizeof(colours[0]))];
	char dots[8192] = "";
	size_t used = 0;

	fprintf(to, "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"", colour);
	for (size_t i = 0; i < plot->report->nrows; i++) {
		const struct report_row *row = &plot->report->rows[i];
		double y = row->peer == peer ? point_of(plot, row) : 0;

		if (y <= 0)
			continue;
		y = place(plot, 1, y);
		fprintf(to, "%.1f,%.1f ", place(plot, 0, (double)row->count), y);
		if (used < sizeof(dots) - 128)
			used += (size_t)snprintf(
				dots + used, sizeof(dots) - used,
				"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
				place(plot, 0, (double)row->count), y, colour);
	}
	fprintf(to, "\"/>\n%s", dots);
	fprintf(to, "<path d=\"M%d %zuh24\" stroke=\"%s\" stroke-width=\"2\"/>", WIDTH - RIGHT + 14,
		TOP + 10 + nth * 20, colour);
	fprintf(to, "<text x=\"%d\" y=\"%zu\">%s</text>\n", WIDTH - RIGHT + 44, TOP + 14 + nth * 20,
		peer->name);
}

static bool has_points(const struct plot *plot, const struct peer *peer)
{
	for (size_t i = 0; i < plot->report->nrows; i++)
		if (plot->report->rows[i].peer == peer &&
		    point_of(plot, &plot->report->rows[i]) > 0)
			return true;
	return false;
}

/* Each peer once, in the order of the rows. */
static void draw_lines(const struct plot *plot, FILE *to)
{
	const struct peer *drawn[LINES] = {};
	size_t ndrawn = 0, i, k;

	for (i = 0; i < plot->report->nrows && ndrawn < LINES; i++) {
		const struct peer *peer = plot->report->rows[i].peer;

		for (k = 0; k < ndrawn && drawn[k] != peer; k++)
			;
		if (k < ndrawn || !has_points(plot, peer))
			continue;
		draw_line(plot, peer, ndrawn, to);
		drawn[ndrawn++] = peer;
	}
}

static int draw(const struct plot *plot)
{
	const char *kind = work_kind_names[plot->kind];
	char path[512];
	FILE *to;

	snprintf(path, sizeof(path), "%s/peers-%s%s-%s.svg", plot->report->directory, kind,
		 plot->six ? "6" : "", figures[plot->figure].file);
	to = fopen(path, "w");
	if (!to)
		return 1;
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
		"<style>.grid{stroke:#ddd}</style><rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"22\" font-size=\"14\">%s (%s)</text>\n",
		WIDTH, HEIGHT, LEFT, figures[plot->figure].title, figures[plot->figure].unit);
	fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s, IPv%d</text>\n",
		(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, kind, plot->six ? 6 : 4);
	draw_axis(plot, 0, to);
	draw_axis(plot, 1, to);
	draw_lines(plot, to);
	fputs("</svg>\n", to);
	return fclose(to) ? 1 : 0;
}

int plot_all(const struct report *report)
{
	struct plot plot = { .report = report };

	for (int kind = 0; kind < WORK_KIND_MAX_; kind++)
		for (int six = 0; six < 2; six++)
			for (int figure = 0; figure < FIGURE_MAX_; figure++) {
				plot.kind = (enum work_kind)kind;
				plot.six = six;
				plot.figure = (enum figure)figure;
				if (plot_range(&plot) && draw(&plot))
					return 1;
			}
	return 0;
}
