/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What becomes code of its own and what does not; and what the compiler is not to be clever about. */

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

/* The compiler puts what follows from it out of the way of common packets. */
#define sl_rare(condition)  __builtin_expect(!!(condition), 0)
#define sl_often(condition) __builtin_expect(!!(condition), 1)

#ifdef __clang__
#define SL_UNROLL _Pragma("unroll")
#else
#define SL_UNROLL
#endif

/* value >> (by & 31), which is what the instruction does: clang 19 would mask once more. */
static __always_inline unsigned int sl_shift_right(unsigned int value, unsigned int by)
{
#ifdef __bpf__
	asm("%0 >>= %1" : "+w"(value) : "w"(by));
	return value;
#else
	return value >> (by & 31);
#endif
}

#ifdef __bpf__
#define SL_VERIFIED_ONCE __noinline
/* Makes clang 19 forget what it knows of x, so that a check it finds superfluous stays for the verifier. */
#define sl_recheck(x)	 asm volatile("" : "+r"(x))
/* clang 19 passes nothing for an argument that is not used; to the verifier ctx must be one. */
#define sl_keep(x)	 asm volatile("" : : "r"(x))
#else
#define sl_recheck(x)
#define sl_keep(x)
#define SL_VERIFIED_ONCE static inline
#endif
