// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*run)(const struct inspect_work *work, const char *dir, struct inspect_result *result);
} sides[] = {
	{ "Sluice, XDP", inspect_sluice },
	{ "Suricata", inspect_suricata },
};

static const struct {
	struct inspect_work work;
	bool full;
} works[] = {
	{ { INSPECT_DNS, 10 }, false },	      { { INSPECT_DNS, 10000 }, false },
	{ { INSPECT_DNS, 1000000 }, true },   { { INSPECT_TLS, 10 }, false },
	{ { INSPECT_TLS, 10000 }, false },    { { INSPECT_TLS, 1000000 }, true },
	{ { INSPECT_PAYLOAD, 10 }, false },   { { INSPECT_PAYLOAD, 100 }, false },
	{ { INSPECT_PAYLOAD, 1000 }, false }, { { INSPECT_PAYLOAD, 10000 }, true },
};

static const char *const kind_names[INSPECT_KIND_MAX_] = {
	[INSPECT_DNS] = "names, DNS queries",
	[INSPECT_TLS] = "names, TLS connections",
	[INSPECT_PAYLOAD] = "patterns, 1,400 bytes",
};

static void remove_all(const char *dir)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "peers: %s: cannot be removed\n", dir);
}

static void run_one(size_t side, const struct inspect_work *work, struct inspect_result *result)
{
	char dir[] = "/tmp/sluice-inspect-XXXXXX";
	int status = 0;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	if (!mkdtemp(dir)) {
		snprintf(result->why, sizeof(result->why), "%s", strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(sides[side].run(work, dir, result));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		snprintf(result->why, sizeof(result->why), "%s", strerror(errno));
	else if (WIFSIGNALED(status))
		snprintf(result->why, sizeof(result->why), "%s", strsignal(WTERMSIG(status)));
	remove_all(dir);
}

static void print_row(size_t side, const struct inspect_work *work,
		      const struct inspect_result *result, FILE *markdown)
{
	printf("%-24s %8zu  %-13s", kind_names[work->kind], work->count, sides[side].name);
	fprintf(markdown, "| %s | %zu | %s |", kind_names[work->kind], work->count,
		sides[side].name);
	if (result->ran) {
		printf(" %9.1f %9.3f\n", result->ns, result->load);
		fprintf(markdown, " %.0f | %.3f | |\n", result->ns, result->load);
	} else {
		printf("  no figures: %s\n", result->why);
		fprintf(markdown, " | | %s |\n", result->why);
	}
	fflush(stdout);
}

static int run_all(struct inspect_result *result, bool full, FILE *markdown)
{
	int failed = 0;

	printf("\nnames and patterns that no packet has: ns of CPU a packet, seconds of CPU to begin\n\n");
	fputs("| what | count | who | ns | to begin, s | |\n|---|---:|---|---:|---:|---|\n",
	      markdown);
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (works[i].full && !full)
			continue;
		for (size_t side = 0; side < sizeof(sides) / sizeof(sides[0]); side++) {
			run_one(side, &works[i].work, result);
			print_row(side, &works[i].work, result, markdown);
			failed += !side && !result->ran && !result->unknown;
		}
	}
	return failed;
}

int inspect_all(const char *directory, bool full)
{
	struct inspect_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[512];
	FILE *markdown;
	int failed;

	snprintf(path, sizeof(path), "%s/peers-inspect.md", directory);
	markdown = fopen(path, "w");
	if (result == MAP_FAILED || !markdown) {
		fprintf(stderr, "peers: %s: %s\n", path, strerror(errno));
		return 1;
	}
	failed = run_all(result, full, markdown);
	if (fclose(markdown)) {
		fprintf(stderr, "peers: %s: %s\n", path, strerror(errno));
		return 1;
	}
	printf("\n%s\n", path);
	if (failed)
		fprintf(stderr, "peers: %d rows of Sluice have no figures\n", failed);
	return failed != 0;
}
