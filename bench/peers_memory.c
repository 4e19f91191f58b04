// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What the kernel holds for a peer: what is charged to a control group of its own, in which its
 * tools run. What else happens on the machine is not in there.
 */

#include "peers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "sluice-bench"

/* The first that is there. The files hold a number of bytes, or lines of names and numbers. */
static const struct {
	const char *dir, *file, *name;
} controllers[] = {
	{ "/sys/fs/cgroup/memory/" NAME, "memory.kmem.usage_in_bytes", NULL },
	{ "/sys/fs/cgroup/" NAME, "memory.stat", "kernel" },
};

#define NCONTROLLERS (sizeof(controllers) / sizeof(controllers[0]))

static FILE *group_file(size_t controller, const char *file, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", controllers[controller].dir, file);
	return fopen(path, mode);
}

void memory_make(void)
{
	for (size_t i = 0; i < NCONTROLLERS; i++) {
		FILE *charged;

		if (mkdir(controllers[i].dir, 0755))
			continue;
		charged = group_file(i, controllers[i].file, "r");
		if (charged) {
			fclose(charged);
			return;
		}
		rmdir(controllers[i].dir);
	}
}

/* All that was in it has ended; what is still charged to it does not keep it. */
void memory_remove(void)
{
	for (size_t i = 0; i < NCONTROLLERS; i++)
		rmdir(controllers[i].dir);
}

int memory_join(struct memory *memory)
{
	memory->charged = NULL;
	for (size_t i = 0; i < NCONTROLLERS; i++) {
		FILE *members = group_file(i, "cgroup.procs", "w");

		if (!members)
			continue;
		fprintf(members, "%d", getpid());
		if (fclose(members))
			continue;
		memory->name = controllers[i].name;
		memory->charged = group_file(i, controllers[i].file, "r");
		return memory->charged ? 0 : -errno;
	}
	return -ENOENT;
}

double memory_mib(const struct memory *memory)
{
	char line[128], name[64];
	long long value = 0;

	if (!memory->charged)
		return 0;
	rewind(memory->charged);
	fflush(memory->charged);
	while (fgets(line, sizeof(line), memory->charged)) {
		if (!memory->name && sscanf(line, "%lld", &value) == 1)
			break;
		if (memory->name && sscanf(line, "%63s %lld", name, &value) == 2 &&
		    !strcmp(name, memory->name))
			break;
	}
	return (double)value / (1 << 20);
}
