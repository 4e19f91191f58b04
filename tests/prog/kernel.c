// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "packet.h"
#include "prog.h"

#define RULE_SHIFT 16
#define OUT_MAX	   (PACKET_MAX + sizeof(struct sl_meta))

/* The objects are part of the test program. */
#define EMBED(name, path)                                                                 \
	asm(".section .rodata\n.balign 8\n" #name "_begin:\n.incbin \"" path "\"\n" #name \
	    "_end:\n.previous\n");                                                        \
	extern const char name##_begin[], name##_end[]
EMBED(xdp_object, PROG_XDP_OBJECT);
EMBED(tc_object, PROG_TC_OBJECT);

const char *const way_names[WAY_MAX_] = {
	[WAY_XDP] = "xdp",
	[WAY_XDP_CUT] = "xdp, cut",
	[WAY_XDP_META] = "xdp with metadata",
	[WAY_TC_IN] = "tc ingress",
	[WAY_TC_OUT] = "tc egress",
};

static const char *const prog_names[WAY_MAX_] = {
	[WAY_XDP] = SL_PROG_XDP,	   [WAY_XDP_CUT] = SL_PROG_XDP,
	[WAY_XDP_META] = SL_PROG_XDP_META, [WAY_TC_IN] = SL_PROG_TC_INGRESS,
	[WAY_TC_OUT] = SL_PROG_TC_EGRESS,
};

char *kernel_arena;
__u32 kernel_ncpus;
static int arena_fd = -1, frags_fd = -1;
static struct bpf_object *objects[WAY_MAX_];
static int prog_fds[WAY_MAX_] = { -1, -1, -1, -1, -1 };

int kernel_prog_fd(enum way way)
{
	return prog_fds[way];
}

static int make_maps(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, arena, .map_flags = BPF_F_MMAPABLE,
		    .map_extra = SL_ARENA_ADDR);
	void *at;

	arena_fd = bpf_map_create(BPF_MAP_TYPE_ARENA, SL_MAP_ARENA, 0, 0, SL_ARENA_PAGES, &arena);
	if (arena_fd < 0)
		return arena_fd;
	frags_fd = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, SL_MAP_FRAGS, sizeof(struct sl_frag_key),
				  sizeof(struct sl_frag), SL_FRAG_ENTRIES, NULL);
	if (frags_fd < 0)
		return frags_fd;
	at = mmap((void *)SL_ARENA_ADDR, (size_t)SL_ARENA_PAGES * SL_PAGE_SIZE,
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, arena_fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	kernel_arena = at;
	return 0;
}

/* Programs write only to pages that user space has touched. */
static void touch_pages(void)
{
	struct sl_root *root = (void *)(kernel_arena + SL_ARENA_ROOT);

	for (__u32 slot = 0; slot < 3; slot++) {
		for (__u32 cpu = 0; cpu < kernel_ncpus; cpu++)
			kernel_arena[sl_if_stats_offset(slot, kernel_ncpus, cpu)] = 0;
		root->iface[slot].ifindex = 1;
		for (int hook = 0; hook < SL_HOOK_MAX_; hook++)
			root->iface[slot].instance[hook] = 1;
	}
	for (__u32 cpu = 0; cpu < kernel_ncpus; cpu++) {
		for (__u32 i = 0; i < 1U << RULE_SHIFT; i += SL_PAGE_SIZE)
			kernel_arena[sl_rule_counter_offset(0, RULE_SHIFT, cpu) + i] = 0;
	}
	kernel_arena[SL_ARENA_TRACE] = 0;
}

/* Writes sl_config where it lies among the constants of the object. */
static int configure(struct bpf_object *o, struct bpf_map *map, const struct sl_prog_config *config)
{
	const struct btf *btf = bpf_object__btf(o);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	size_t size;
	char *value = bpf_map__initial_value(map, &size);

	if (!section || !value || !strstr(bpf_map__name(map), ".rodata"))
		return -ENOENT;
	for (__u32 i = 0; i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *var = &btf_var_secinfos(section)[i];
		const struct btf_type *type = btf__type_by_id(btf, var->type);

		if (strcmp(btf__name_by_offset(btf, type->name_off), "sl_config"))
			continue;
		memcpy(value + var->offset, config, sizeof(*config));
		return 0;
	}
	return -ENOENT;
}

static int load(enum way way)
{
	bool is_xdp = way_hook(way) == SL_HOOK_XDP;
	const struct sl_prog_config config = {
		.slot = way_slot(way),
		.instance = 1,
		.ncpus = kernel_ncpus,
		.rule_shift = RULE_SHIFT,
		.trace = 1,
		.handoff = way == WAY_XDP_META,
	};
	struct bpf_object *o =
		is_xdp ? bpf_object__open_mem(xdp_object_begin,
					      (size_t)(xdp_object_end - xdp_object_begin), NULL)
		       : bpf_object__open_mem(tc_object_begin,
					      (size_t)(tc_object_end - tc_object_begin), NULL);
	struct bpf_program *prog;
	struct bpf_map *map;
	int err;

	if (!o)
		return -errno;
	objects[way] = o;
	bpf_object__for_each_program(prog, o)
	{
		bool wanted = !strcmp(bpf_program__name(prog), prog_names[way]);

		bpf_program__set_autoload(prog, wanted);
		if (wanted && is_xdp)
			bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	}
	bpf_object__for_each_map(map, o)
	{
		if (!strcmp(bpf_map__name(map), SL_MAP_ARENA))
			err = bpf_map__reuse_fd(map, arena_fd);
		else if (!strcmp(bpf_map__name(map), SL_MAP_FRAGS))
			err = bpf_map__reuse_fd(map, frags_fd);
		else
			err = configure(o, map, &config);
		if (err)
			return err;
	}
	err = bpf_object__load(o);
	if (err)
		return err;
	prog_fds[way] = bpf_program__fd(bpf_object__find_program_by_name(o, prog_names[way]));
	return 0;
}

int kernel_init(void)
{
	int ncpus = libbpf_num_possible_cpus();
	int err;

	if (ncpus < 0)
		return ncpus;
	kernel_ncpus = (__u32)ncpus;
	err = make_maps();
	if (err)
		return err;
	touch_pages();
	for (enum way way = 0; way < WAY_MAX_; way++) {
		err = load(way);
		if (err)
			return err;
	}
	return 0;
}

void kernel_exit(void)
{
	for (enum way way = 0; way < WAY_MAX_; way++) {
		bpf_object__close(objects[way]);
		objects[way] = NULL;
	}
	if (kernel_arena)
		munmap(kernel_arena, (size_t)SL_ARENA_PAGES * SL_PAGE_SIZE);
	kernel_arena = NULL;
	if (arena_fd >= 0)
		close(arena_fd);
	if (frags_fd >= 0)
		close(frags_fd);
	arena_fd = frags_fd = -1;
}

static int run(enum way way, const struct frame *frame, unsigned int count, __u32 *retval)
{
	struct xdp_md xdp = { .data_end = (__u32)frame->linear };
	struct __sk_buff skb = { .gso_size = frame->is_gso ? 1448 : 0,
				 .gso_segs = frame->is_gso ? 2 : 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes,
		    .data_size_in = (__u32)frame->len, .repeat = (int)count);
	int err;

	if (way_hook(way) == SL_HOOK_XDP && frame->linear) {
		opts.ctx_in = &xdp;
		opts.ctx_size_in = sizeof(xdp);
	} else if (way_hook(way) != SL_HOOK_XDP && frame->is_gso) {
		opts.ctx_in = &skb;
		opts.ctx_size_in = sizeof(skb);
	}
	if (frame->out) {
		opts.data_out = frame->out->bytes;
		opts.data_size_out = OUT_MAX;
	}
	do {
		err = bpf_prog_test_run_opts(prog_fds[way], &opts);
	} while (err == -EINTR || err == -EAGAIN);
	if (frame->out)
		frame->out->len = opts.data_size_out;
	*retval = opts.retval;
	return err;
}

int kernel_run(enum way way, const struct frame *frame, struct sl_trace *trace)
{
	void *found = kernel_arena + SL_ARENA_TRACE;
	__u32 retval, want;
	int err;

	memset(found, 0, sizeof(*trace));
	err = run(way, frame, 1, &retval);
	if (err)
		return err;
	memcpy(trace, found, sizeof(*trace));
	if (way_hook(way) == SL_HOOK_XDP)
		want = trace->verdict == SL_DROP ? XDP_DROP : XDP_PASS;
	else
		want = trace->verdict == SL_DROP ? 2 /* TC_ACT_SHOT */ : (__u32)-1 /* TCX_NEXT */;
	return retval == want ? 0 : -EPROTO;
}

int kernel_repeat(enum way way, const struct frame *frame, unsigned int count)
{
	__u32 retval;

	return run(way, frame, count, &retval);
}

void kernel_frags_clear(void)
{
	struct sl_frag_key key;

	while (!bpf_map_get_next_key(frags_fd, NULL, &key))
		bpf_map_delete_elem(frags_fd, &key);
}

/* An update moves an entry within its bucket: who walked on from it could walk for ever. */
void kernel_frags_age(__u64 ns)
{
	static struct sl_frag_key keys[SL_FRAG_ENTRIES];
	struct sl_frag frag;
	size_t count = 0;

	while (count < SL_FRAG_ENTRIES &&
	       !bpf_map_get_next_key(frags_fd, count ? &keys[count - 1] : NULL, &keys[count]))
		count++;
	for (size_t i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(frags_fd, &keys[i], &frag))
			continue;
		frag.since -= ns;
		bpf_map_update_elem(frags_fd, &keys[i], &frag, BPF_EXIST);
	}
}

size_t kernel_frags_count(void)
{
	struct sl_frag_key key, next;
	size_t count = 0;
	void *at = NULL;

	for (; !bpf_map_get_next_key(frags_fd, at, &next); count++) {
		key = next;
		at = &key;
	}
	return count;
}

struct sl_hook_stats kernel_hook_stats(__u32 slot, enum sl_hook hook)
{
	struct sl_hook_stats sum = {};

	for (__u32 cpu = 0; cpu < kernel_ncpus; cpu++) {
		const struct sl_if_stats *stats =
			(const void *)(kernel_arena + sl_if_stats_offset(slot, kernel_ncpus, cpu));
		const __u64 *from = (const __u64 *)&stats->hook[hook];
		__u64 *to = (__u64 *)&sum;

		for (size_t i = 0; i < sizeof(sum) / sizeof(*to); i++)
			to[i] += from[i];
	}
	return sum;
}

struct sl_counter kernel_rule_counter(__u32 slot)
{
	struct sl_counter sum = {};

	for (__u32 cpu = 0; cpu < kernel_ncpus; cpu++) {
		const struct sl_counter *c =
			(const void *)(kernel_arena +
				       sl_rule_counter_offset(slot, RULE_SHIFT, cpu));

		sum.packets += c->packets;
		sum.bytes += c->bytes;
	}
	return sum;
}
