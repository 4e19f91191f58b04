// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "peers_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

int report_open(struct report *report, const char *directory, int argc, char **argv)
{
	size_t used = 0;

	report->directory = directory;
	for (int i = 0; i < argc && used < sizeof(report->command); i++)
		used += (size_t)snprintf(report->command + used, sizeof(report->command) - used,
					 "%s%s", i ? " " : "", argv[i]);
	if (mkdir(directory, 0755) && errno != EEXIST)
		return 1;
	printf("ns a packet by test run and live over veth, whose packets a rule drops (hit) or none\n"
	       "(miss); seconds to load the rules; what the kernel's memory grew by\n\n%-9s %-2s %8s  %-13s %9s %9s %9s %9s %9s %8s\n",
	       "work", "", "count", "peer", "run hit", "run miss", "live hit", "live miss",
	       "load s", "MiB");
	return 0;
}

static void cell(double value, FILE *to, const char *format, const char *none)
{
	if (value > 0)
		fprintf(to, format, value);
	else
		fputs(none, to);
}

void report_row(struct report *report, const struct peer *peer, const struct work *work,
		const struct result *result)
{
	struct report_row *rows = realloc(report->rows, (report->nrows + 1) * sizeof(*rows));
	bool ours = !strncmp(peer->name, "Sluice", 6);

	printf("%-9s v%d %8zu  %-13s", work_kind_names[work->kind], work->six ? 6 : 4, work->count,
	       peer->name);
	if (result->ran) {
		cell(result->run[WORK_HIT], stdout, " %9.1f", "         -");
		cell(result->run[WORK_MISS], stdout, " %9.1f", "         -");
		printf(" %9.1f %9.1f %9.3f", result->live[WORK_HIT], result->live[WORK_MISS],
		       result->load);
		cell(result->mib, stdout, " %8.1f", "        -");
	}
	if (result->why[0])
		printf("  %s: %s", result->ran ? "no test run" : "no figures", result->why);
	putchar('\n');
	fflush(stdout);
	if (ours && result->why[0])
		report->failed++;
	if (!rows)
		return;
	report->rows = rows;
	rows[report->nrows++] =
		(struct report_row) { peer, work->kind, work->six, work->count, *result };
}

/* --- markdown --- */

static void first_line(const char *command, FILE *to)
{
	char line[200] = "";
	FILE *from = popen(command, "r");

	if (from && fgets(line, sizeof(line), from))
		line[strcspn(line, "\n")] = 0;
	if (from)
		pclose(from);
	fputs(line[0] ? line : "not installed", to);
}

static void write_machine(const struct report *report, const struct peer *const *peers,
			  size_t npeers, FILE *to)
{
	struct utsname uts;

	uname(&uts);
	fprintf(to, "Machine: ");
	first_line("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo", to);
	fprintf(to, ", %ld CPUs. Kernel: %s. Command: `%s`. Sluice " SL_VERSION ".\n\n",
		sysconf(_SC_NPROCESSORS_ONLN), uts.release, report->command);
	for (size_t i = 0; i < npeers; i++) {
		const char *why, *root = peers[i]->sid ? sid_root(&why) : NULL;
		char quiet[600];

		if (!peers[i]->version)
			continue;
		snprintf(quiet, sizeof(quiet), "{ %s %s %s; } 2>/dev/null",
			 root		 ? "chroot"
			 : peers[i]->sid ? "false"
					 : "",
			 root ? root : "", peers[i]->version);
		fprintf(to, "- %s: ", peers[i]->name);
		first_line(quiet, to);
		fputc('\n', to);
	}
}

static void write_row(const struct report_row *row, FILE *to)
{
	const struct result *result = &row->result;

	fprintf(to, "| %s, IPv%d | %zu | %s |", work_kind_names[row->kind], row->six ? 6 : 4,
		row->count, row->peer->name);
	if (!result->ran) {
		fprintf(to, " | | | | | | %s |\n", result->why);
		return;
	}
	for (int i = 0; i < WORK_PACKETS_MAX_; i++)
		cell(result->run[i], to, " %.0f |", " |");
	for (int i = 0; i < WORK_PACKETS_MAX_; i++)
		cell(result->live[i], to, " %.0f |", " |");
	fprintf(to, " %.3f |", result->load);
	cell(result->mib, to, " %.1f |", " |");
	fprintf(to, " %s |\n", result->why);
}

static int write_markdown(const struct report *report, const struct peer *const *peers,
			  size_t npeers)
{
	char path[512];
	FILE *to;

	snprintf(path, sizeof(path), "%s/peers.md", report->directory);
	to = fopen(path, "w");
	if (!to)
		return 1;
	write_machine(report, peers, npeers, to);
	fputs("\nns of CPU a packet, by test run and live over veth, softirq included; `hit`: a rule\n"
	      "drops the packet, `miss`: none does, and it goes up to netfilter's PREROUTING.\n\n"
	      "| what | count | who | run, hit | run, miss | live, hit | live, miss | load, s | MiB | |\n"
	      "|---|---:|---|---:|---:|---:|---:|---:|---:|---|\n",
	      to);
	for (size_t i = 0; i < report->nrows; i++)
		write_row(&report->rows[i], to);
	if (fclose(to))
		return 1;
	printf("\n%s\n", path);
	return 0;
}

int report_close(struct report *report, const struct peer *const *peers, size_t npeers)
{
	int err = write_markdown(report, peers, npeers) || plot_all(report);

	if (err)
		fprintf(stderr, "peers: %s: %s\n", report->directory, strerror(errno));
	if (report->failed)
		fprintf(stderr, "peers: %d rows of Sluice have no figures\n", report->failed);
	free(report->rows);
	report->rows = NULL;
	return err || report->failed;
}
