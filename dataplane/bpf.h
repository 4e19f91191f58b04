/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the programs need of the kernel beyond its UAPI headers. Declared here and not taken from a
 * vmlinux.h, so that the build does not depend on the kernel it happens on; the loader matches
 * these with the running kernel's BTF.
 */

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

/* linux/bpf.h of Linux 6.1 has no TCX; its verdicts are those of TC but for this one. */
#define SL_TCX_NEXT	   -1
#define SL_TC_ACT_SHOT	   2
#define SL_TC_ACT_REDIRECT 7

extern int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 offset, void *buffer,
			      __u32 buffer__szk) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *ptr, __u32 offset, void *buffer,
				   __u32 buffer__szk) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *ptr, struct bpf_dynptr *clone__uninit) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *ptr, __u32 start, __u32 end) __ksym;
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym;

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

/* The fields that are read; where they are is found when the program is loaded. */
struct xdp_buff {
	void *data_hard_start;
	__u32 frame_sz;
	__u32 flags;
} __attribute__((preserve_access_index));

struct sk_buff {
	__u8 ip_summed : 2;
	__u16 csum_start;
	__u16 csum_offset;
	unsigned char *head;
	unsigned char *data;
} __attribute__((preserve_access_index));

#define SL_CHECKSUM_PARTIAL 3 /* linux/skbuff.h */

struct skb_shared_info {
	unsigned int xdp_frags_size;
} __attribute__((preserve_access_index));

#define SL_CACHE_LINE 64UL /* SMP_CACHE_BYTES of x86-64 and arm64 */

#define SL_XDP_HAS_FRAGS 1U /* XDP_FLAGS_HAS_FRAGS of net/xdp.h */

/*
 * Arena memory: 32-bit offsets turned into pointers that the verifier neither tracks nor bounds.
 * The low 32 bits of SL_ARENA_ADDR are zero, so the offset is the pointer's low half.
 */
#define __arena __attribute__((address_space(1)))

/*
 * A loop over data whose length the verifier cannot know: `while (cond && sl_can_loop)`. The kernel
 * ends it after millions of rounds. In the form of an expression, as the kernel's can_loop is.
 */
/* clang-format off */
#define sl_can_loop                                                                                \
	({                                                                                         \
		__label__ out, done;                                                               \
		_Bool more = 1;                                                                    \
		asm volatile goto("may_goto %l[out]" ::: : out);                                   \
		goto done;                                                                         \
out:                                                                                               \
		more = 0;                                                                          \
done:;                                                                                             \
		more;                                                                              \
	})
/* clang-format on */
