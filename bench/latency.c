// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What it takes to read a word whose place is in the word before, by how much memory they are spread
 * over, in pages of 4 KiB as those of maps are. Large tables cost a packet a few of these, so that
 * figures of two machines, or of two days on a shared one, compare only beside them.
 */

#include "bench.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROUNDS 15
#define READS  (1U << 18)
#define LINE   64U

/* Numbers below count in an order by chance, in one cycle. */
static void cycle(uint32_t *next, uint32_t count)
{
	uint64_t random = 1;

	for (uint32_t i = 0; i < count; i++)
		next[i] = i;
	for (uint32_t i = count - 1; i; i--) {
		uint32_t other, with;

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		with = (uint32_t)((random >> 33) % i);
		other = next[i];
		next[i] = next[with];
		next[with] = other;
	}
}

static double follow(void *const *from)
{
	double least = 0, start, ns;

	for (int i = 0; i < ROUNDS; i++) {
		start = bench_seconds();
		for (uint32_t n = 0; n < READS; n++)
			from = *(void *const volatile *)from;
		ns = (bench_seconds() - start) * 1e9 / READS;
		if (least == 0 || ns < least)
			least = ns;
	}
	return least;
}

static int measure(char *lines, size_t size, double *ns)
{
	uint32_t count = (uint32_t)(size / LINE);
	uint32_t *next = calloc(count, sizeof(*next));

	if (!next)
		return bench_fail("memory", strerror(ENOMEM));
	cycle(next, count);
	for (uint32_t i = 0; i < count; i++)
		*(void **)(lines + (size_t)i * LINE) = lines + (size_t)next[i] * LINE;
	free(next);
	*ns = follow((void *const *)lines);
	return 0;
}

int bench_latency(void)
{
	static const size_t mib[] = { 1, 4, 16, 64 };
	size_t room = 64U << 20;
	char *lines = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double ns = 0;
	int err = 0;

	if (lines == MAP_FAILED)
		return bench_fail("memory", strerror(errno));
	madvise(lines, room, MADV_NOHUGEPAGE);
	printf("a word of memory, when the next one is known by it:");
	for (size_t i = 0; i < sizeof(mib) / sizeof(mib[0]) && !err; i++) {
		err = measure(lines, mib[i] << 20, &ns);
		if (!err)
			printf(" %.1f ns in %zu MiB%s", ns, mib[i], mib[i] == 64 ? "\n" : ",");
	}
	munmap(lines, room);
	return err;
}
