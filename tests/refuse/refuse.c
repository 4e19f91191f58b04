// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * In the way of a process (LD_PRELOAD) that loads BPF programs: while the file that REFUSE_PROGRAMS names
 * is there, the kernel "refuses" each of them, as a verifier does for which a program is too complex.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

static int is_refused(long number, long command)
{
	const char *path = getenv("REFUSE_PROGRAMS");

	return number == __NR_bpf && command == BPF_PROG_LOAD && path && !access(path, F_OK);
}

long syscall(long number, ...)
{
	long (*next)(long, ...) = dlsym(RTLD_NEXT, "syscall");
	long arg[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (is_refused(number, arg[0])) {
		errno = E2BIG;
		return -1;
	}
	return next(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}
