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

#include "event.h"
#include "limit.h"
#include "packet.h"
#include "prog.h"
#include "shared.h"

#define RULE_SHIFT 16
#define STATES	   1024 /* rules with a state */

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
static int arena_fd = -1, frags_fd = -1, limits_fd = -1, events_fd = -1;

static struct program {
	struct bpf_object *object;
	int fd;
	volatile struct prog_shared *shared;
} programs[WAY_MAX_], senders[WAY_MAX_];

int kernel_prog_fd(enum way way)
{
	return programs[way].fd;
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
	limits_fd =
		bpf_map_create(BPF_MAP_TYPE_LRU_HASH, SL_MAP_LIMITS, sizeof(struct sl_limit_key),
			       sizeof(__u64), SL_LIMIT_ENTRIES, NULL);
	if (limits_fd < 0)
		return limits_fd;
	events_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, SL_MAP_EVENTS, 0, 0, SL_EVENTS_SIZE, NULL);
	if (events_fd < 0)
		return events_fd;
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
	for (__u32 i = 0; i < SL_PAGE_SIZE * 17; i += SL_PAGE_SIZE)
		kernel_arena[SL_ARENA_FLOWS + i] = 0;
	for (__u32 i = 0; i < SL_STREAMS * SL_STREAM_BYTES; i += SL_PAGE_SIZE)
		kernel_arena[sl_stream_bytes_offset(0) + i] = 0;
	for (__u32 i = 0; i < kernel_ncpus * SL_HOOK_MAX_ * sizeof(struct sl_work);
	     i += SL_PAGE_SIZE)
		kernel_arena[SL_ARENA_WORK + i] = 0;
	for (__u32 i = 0; i < STATES * sizeof(struct sl_state); i += SL_PAGE_SIZE)
		kernel_arena[SL_ARENA_STATE + i] = 0;
}

/* Writes sl_config where it lies among the constants of the object. */
static int configure(struct bpf_object *o, struct bpf_map *map, const struct sl_prog_config *config)
{
	const struct btf *btf = bpf_object__btf(o);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	size_t size;
	char *value = bpf_map__initial_value(map, &size);

	if (!section || !value)
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

static int load(enum way way, struct program *program)
{
	bool is_xdp = way_hook(way) == SL_HOOK_XDP;
	struct sl_prog_config config = {
		.slot = way_slot(way),
		.instance = 1,
		.ncpus = kernel_ncpus,
		.rule_shift = RULE_SHIFT,
		.trace = program == &programs[way],
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
	program->object = o;
	sl_prog_place(&config, way_hook(way));
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
		else if (!strcmp(bpf_map__name(map), SL_MAP_LIMITS))
			err = bpf_map__reuse_fd(map, limits_fd);
		else if (!strcmp(bpf_map__name(map), SL_MAP_EVENTS))
			err = bpf_map__reuse_fd(map, events_fd);
		else
			err = strstr(bpf_map__name(map), ".rodata") ? configure(o, map, &config)
								    : 0;
		if (err)
			return err;
	}
	err = bpf_object__load(o);
	if (err)
		return err;
	bpf_object__for_each_map(map, o)
	{
		if (strstr(bpf_map__name(map), ".bss"))
			program->shared = mmap(NULL, SL_PAGE_SIZE, PROT_READ | PROT_WRITE,
					       MAP_SHARED, bpf_map__fd(map), 0);
	}
	if (program->shared == MAP_FAILED)
		program->shared = NULL;
	if (!program->shared)
		return -ENOENT;
	program->shared->clock = host_now;
	program->fd = bpf_program__fd(bpf_object__find_program_by_name(o, prog_names[way]));
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
		err = load(way, &programs[way]);
		if (err)
			return err;
	}
	return 0;
}

int kernel_init_senders(void)
{
	int err = load(WAY_TC_IN, &senders[WAY_TC_IN]);

	return err ? err : load(WAY_TC_OUT, &senders[WAY_TC_OUT]);
}

static void unload(struct program *program)
{
	bpf_object__close(program->object);
	if (program->shared)
		munmap((void *)program->shared, SL_PAGE_SIZE);
	*program = (struct program) { .fd = -1 };
}

void kernel_exit(void)
{
	for (enum way way = 0; way < WAY_MAX_; way++) {
		unload(&programs[way]);
		unload(&senders[way]);
	}
	if (kernel_arena)
		munmap(kernel_arena, (size_t)SL_ARENA_PAGES * SL_PAGE_SIZE);
	kernel_arena = NULL;
	if (arena_fd >= 0)
		close(arena_fd);
	if (frags_fd >= 0)
		close(frags_fd);
	if (limits_fd >= 0)
		close(limits_fd);
	if (events_fd >= 0)
		close(events_fd);
	arena_fd = frags_fd = limits_fd = events_fd = -1;
}

struct output {
	__u32 ifindex; /* that it comes through; 0: loopback */
	void *bytes; /* NULL: not asked */
	size_t len;
	__u32 mark;
	__u32 retval;
};

static int run(enum way way, const struct program *program, const struct frame *frame,
	       unsigned int count, struct output *out)
{
	struct xdp_md xdp = { .data_end = (__u32)frame->linear };
	struct __sk_buff skb = { .gso_size = frame->is_gso ? 1448 : 0,
				 .gso_segs = frame->is_gso ? 2 : 0,
				 .ifindex = out->ifindex },
			 after = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes,
		    .data_size_in = (__u32)frame->len, .repeat = (int)count, .data_out = out->bytes,
		    .data_size_out = out->bytes ? PACKET_ROOM : 0);
	int err;

	if (way_hook(way) == SL_HOOK_XDP && frame->linear) {
		opts.ctx_in = &xdp;
		opts.ctx_size_in = sizeof(xdp);
	} else if (way_hook(way) != SL_HOOK_XDP) {
		opts.ctx_in = frame->is_gso || out->ifindex ? &skb : NULL;
		opts.ctx_size_in = opts.ctx_in ? sizeof(skb) : 0;
		opts.ctx_out = &after;
		opts.ctx_size_out = sizeof(after);
	}
	if (frame->out) {
		opts.data_out = frame->out->bytes;
		opts.data_size_out = PACKET_ROOM;
	}
	program->shared->clock = host_now;
	do {
		err = bpf_prog_test_run_opts(program->fd, &opts);
	} while (err == -EINTR || err == -EAGAIN);
	out->retval = opts.retval;
	out->len = opts.data_size_out;
	out->mark = after.mark;
	if (frame->out)
		frame->out->len = out->len;
	return err;
}

__u32 kernel_action(enum way way, const struct frame *frame, __u32 verdict)
{
	static const __u32 xdp[SL_VERDICT_MAX_] = {
		[SL_CONTINUE] = XDP_PASS, [SL_ACCEPT] = XDP_PASS, [SL_DROP] = XDP_DROP,
		[SL_SEEN] = XDP_PASS,	  [SL_REJECT] = XDP_TX,	  [SL_REDIRECT] = XDP_REDIRECT,
	};
	/* TCX_NEXT, TC_ACT_SHOT, TC_ACT_REDIRECT */
	static const __u32 tc[SL_VERDICT_MAX_] = {
		[SL_CONTINUE] = -1, [SL_ACCEPT] = -1, [SL_DROP] = 2,
		[SL_SEEN] = -1,	    [SL_REJECT] = 7,  [SL_REDIRECT] = 7,
	};

	if (verdict >= SL_VERDICT_MAX_)
		return ~0U;
	if (way_hook(way) == SL_HOOK_XDP)
		return xdp[verdict];
	return tc[verdict == SL_REJECT && frame->resets ? SL_ACCEPT : verdict];
}

static int judged(enum way way, const struct frame *frame, struct sl_trace *trace,
		  struct output *out)
{
	void *found = kernel_arena + SL_ARENA_TRACE;
	int err;

	memset(found, 0, sizeof(*trace));
	err = run(way, &programs[way], frame, 1, out);
	if (err)
		return err;
	memcpy(trace, found, sizeof(*trace));
	return out->retval == kernel_action(way, frame, trace->verdict) ? 0 : -EPROTO;
}

int kernel_run(enum way way, const struct frame *frame, struct sl_trace *trace)
{
	struct output out = {};

	return judged(way, frame, trace, &out);
}

int kernel_run_out(enum way way, const struct frame *frame, struct sl_trace *trace, void *bytes,
		   size_t *len, __u32 *mark)
{
	struct output out = { .bytes = bytes };
	int err = judged(way, frame, trace, &out);

	*len = out.len;
	*mark = out.mark;
	return err;
}

int kernel_send(enum way way, const struct frame *frame, __u32 ifindex, void *bytes, size_t *len,
		__u32 *retval)
{
	struct output out = { .bytes = bytes, .ifindex = ifindex };
	int err = run(way, &senders[way], frame, 1, &out);

	*len = out.len;
	*retval = out.retval;
	return err;
}

void kernel_limits_clear(void)
{
	struct sl_limit_key key;

	while (!bpf_map_get_next_key(limits_fd, NULL, &key))
		bpf_map_delete_elem(limits_fd, &key);
}

struct taken {
	struct host_event *out;
	size_t count;
};

static int take(void *data, void *record, size_t size)
{
	struct taken *taken = data;

	memcpy(taken->out, record, size < sizeof(*taken->out) ? size : sizeof(*taken->out));
	taken->count++;
	return 0;
}

size_t kernel_events_take(struct host_event *out)
{
	struct taken taken = { .out = out };
	struct ring_buffer *ring = ring_buffer__new(events_fd, take, &taken, NULL);

	if (ring)
		ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return taken.count;
}

int kernel_repeat(enum way way, const struct frame *frame, unsigned int count)
{
	struct output out = {};

	return run(way, &programs[way], frame, count, &out);
}

__u64 kernel_calls(enum way way)
{
	return programs[way].shared->calls;
}

void kernel_frags_clear(void)
{
	struct sl_frag_key key;

	while (!bpf_map_get_next_key(frags_fd, NULL, &key))
		bpf_map_delete_elem(frags_fd, &key);
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
