/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Time in the programs that the tests load: host_now, as on the host, and not the kernel's, which
 * goes on while a test waits for its turn on a busy machine. Included before all of a program.
 */

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "shared.h"

volatile struct prog_shared prog_shared; /* the object's only variable: kernel.c maps it */

#define bpf_ktime_get_ns()	  prog_shared.clock
#define bpf_ktime_get_coarse_ns() prog_shared.clock
#define bpf_jiffies64()		  prog_shared.clock
