// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * One small program a capability, to be loaded by `sluicectl probe` one by one. They are never
 * attached. A kfunc is weak here: where the kernel lacks it, libbpf leaves a call that the verifier
 * refuses, and only the programs that make it fail.
 *
 * The sections are not libbpf's: probe_load.c handles them, see there.
 */

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif
#define KFUNC extern __weak __ksym

#define __arena __attribute__((address_space(1)))

/* Of linux/bpf.h, where it is older than these. */
#define MAP_TYPE_ARENA 33
#define MAP_MMAPABLE   (1U << 10)

KFUNC int bpf_dynptr_from_xdp(struct xdp_md *xdp, __u64 flags, struct bpf_dynptr *ptr);
KFUNC int bpf_dynptr_from_skb(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr);
KFUNC int bpf_dynptr_from_skb_meta(struct __sk_buff *skb, __u64 flags, struct bpf_dynptr *ptr);
KFUNC void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 offset, void *buffer,
			     __u32 buffer__szk);
KFUNC void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *ptr, __u32 offset, void *buffer,
				  __u32 buffer__szk);
KFUNC __u32 bpf_dynptr_size(const struct bpf_dynptr *ptr);
KFUNC int bpf_dynptr_clone(const struct bpf_dynptr *ptr, struct bpf_dynptr *clone);
KFUNC int bpf_dynptr_adjust(const struct bpf_dynptr *ptr, __u32 start, __u32 end);
KFUNC _Bool bpf_dynptr_is_null(const struct bpf_dynptr *ptr);
KFUNC _Bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *ptr);
KFUNC int bpf_dynptr_copy(struct bpf_dynptr *to, __u32 to_offset, struct bpf_dynptr *from,
			  __u32 from_offset, __u32 size);
KFUNC int bpf_dynptr_memset(struct bpf_dynptr *ptr, __u32 offset, __u32 size, __u8 value);
KFUNC void *bpf_cast_to_kern_ctx(void *ctx);
KFUNC void *bpf_rdonly_cast(const void *obj, __u32 btf_id);

struct xdp_buff {
	__u32 flags;
} __attribute__((preserve_access_index));

struct sk_buff {
	unsigned int len;
} __attribute__((preserve_access_index));

/* Not created where the kernel has no arenas; what uses it fails then. */
struct {
	__uint(type, MAP_TYPE_ARENA);
	__uint(map_flags, MAP_MMAPABLE);
	__uint(max_entries, 1);
} arena SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ring SEC(".maps");

/* The probes that are the same for both types of program, over a view of the packet. */

static __always_inline int slice(struct bpf_dynptr *view)
{
	__u64 copy;

	return bpf_dynptr_slice(view, 0, &copy, sizeof(copy)) != 0;
}

static __always_inline int slice_rdwr(struct bpf_dynptr *view)
{
	__u64 copy;

	return bpf_dynptr_slice_rdwr(view, 0, &copy, sizeof(copy)) != 0;
}

static __always_inline int read(struct bpf_dynptr *view)
{
	__u64 copy;

	return bpf_dynptr_read(&copy, sizeof(copy), view, 0, 0);
}

static __always_inline int write(struct bpf_dynptr *view)
{
	__u64 zero = 0;

	return bpf_dynptr_write(view, 0, &zero, sizeof(zero), 0);
}

static __always_inline int size(struct bpf_dynptr *view)
{
	return bpf_dynptr_size(view);
}

static __always_inline int clone(struct bpf_dynptr *view)
{
	struct bpf_dynptr copy;

	return bpf_dynptr_clone(view, &copy);
}

static __always_inline int adjust(struct bpf_dynptr *view)
{
	return bpf_dynptr_adjust(view, 1, 2);
}

static __always_inline int is_null(struct bpf_dynptr *view)
{
	return bpf_dynptr_is_null(view);
}

static __always_inline int is_rdonly(struct bpf_dynptr *view)
{
	return bpf_dynptr_is_rdonly(view);
}

static __always_inline int copy(struct bpf_dynptr *view)
{
	return bpf_dynptr_copy(view, 0, view, 8, 8);
}

static __always_inline int fill(struct bpf_dynptr *view)
{
	return bpf_dynptr_memset(view, 0, 8, 0);
}

static __always_inline int ringbuf(struct bpf_dynptr *view)
{
	struct bpf_dynptr record;
	__u64 zero = 0;

	if (bpf_ringbuf_reserve_dynptr(&ring, sizeof(zero), 0, &record)) {
		bpf_ringbuf_discard_dynptr(&record, 0);
		return 1;
	}
	bpf_dynptr_write(&record, 0, &zero, sizeof(zero), 0);
	bpf_ringbuf_submit_dynptr(&record, 0);
	return 0;
}

/* Both sides of the conversion, a store and a load. */
static __always_inline int use_arena(void)
{
	__u64 __arena *word = (__u64 __arena *)(unsigned long)8;

	asm volatile("" ::"r"(&arena));
	*word += 1;
	return *word == 1;
}

/* Without end but for the kernel's own bound. A number that rises would never look alike. */
static __always_inline int may_goto(void)
{
	for (;;)
		asm volatile goto("may_goto %l[out]" ::: : out);
out:
	return 1;
}

#define PROBE(name)                                            \
	SEC("sl_probe_xdp") int x_##name(struct xdp_md *ctx)   \
	{                                                      \
		struct bpf_dynptr view;                        \
                                                               \
		bpf_dynptr_from_xdp(ctx, 0, &view);            \
		return name(&view) ? XDP_PASS : XDP_DROP;      \
	}                                                      \
	SEC("sl_probe_tc") int t_##name(struct __sk_buff *skb) \
	{                                                      \
		struct bpf_dynptr view;                        \
                                                               \
		bpf_dynptr_from_skb(skb, 0, &view);            \
		return name(&view) ? 0 : 2;                    \
	}

PROBE(slice)
PROBE(slice_rdwr)
PROBE(read)
PROBE(write)
PROBE(size)
PROBE(clone)
PROBE(adjust)
PROBE(is_null)
PROBE(is_rdonly)
PROBE(copy)
PROBE(fill)
PROBE(ringbuf)

SEC("sl_probe_xdp") int x_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* Loaded with the flag that says that frames may come in fragments. */
SEC("sl_probe_xdp_frags") int x_frags(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("sl_probe_tc") int t_pass(struct __sk_buff *skb)
{
	return -1;
}

SEC("sl_probe_xdp") int x_view(struct xdp_md *ctx)
{
	struct bpf_dynptr view;

	return bpf_dynptr_from_xdp(ctx, 0, &view) ? XDP_DROP : XDP_PASS;
}

SEC("sl_probe_tc") int t_view(struct __sk_buff *skb)
{
	struct bpf_dynptr view;

	return bpf_dynptr_from_skb(skb, 0, &view) ? 2 : 0;
}

SEC("sl_probe_tc") int t_meta_view(struct __sk_buff *skb)
{
	struct bpf_dynptr view;

	return bpf_dynptr_from_skb_meta(skb, 0, &view) ? 2 : 0;
}

SEC("sl_probe_xdp") int x_meta(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_meta(ctx, -8) ? XDP_DROP : XDP_PASS;
}

SEC("sl_probe_xdp") int x_kern_ctx(struct xdp_md *ctx)
{
	const struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);

	return xdp->flags & 1 ? XDP_DROP : XDP_PASS;
}

SEC("sl_probe_xdp") int x_rdonly_cast(struct xdp_md *ctx)
{
	const struct xdp_buff *xdp = bpf_rdonly_cast(bpf_cast_to_kern_ctx(ctx),
						     bpf_core_type_id_kernel(struct xdp_buff));

	return xdp->flags & 1 ? XDP_DROP : XDP_PASS;
}

SEC("sl_probe_tc") int t_kern_ctx(struct __sk_buff *skb)
{
	const struct sk_buff *kernel = bpf_cast_to_kern_ctx(skb);

	return kernel->len & 1 ? 2 : 0;
}

SEC("sl_probe_xdp") int x_arena(struct xdp_md *ctx)
{
	return use_arena() ? XDP_PASS : XDP_DROP;
}

SEC("sl_probe_tc") int t_arena(struct __sk_buff *skb)
{
	return use_arena() ? 0 : 2;
}

SEC("sl_probe_xdp") int x_may_goto(struct xdp_md *ctx)
{
	return may_goto() ? XDP_PASS : XDP_DROP;
}

SEC("sl_probe_tc") int t_may_goto(struct __sk_buff *skb)
{
	return may_goto() ? 0 : 2;
}

char LICENSE[] SEC("license") = "GPL";
