/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What the files of libdp share. */

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include <linux/types.h>

#include "arena.h"
#include "cleanup.h"
#include "dp.h"
#include "prog.h"
#include "set_maps.h"
#include "sets.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static inline void dp_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
#define _cleanup_close_ _cleanup_(dp_closep)

#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

struct dp_heap;
struct dp_prog;
struct dp_sets;
struct dp_tap;

/* A thread's own: what sl_dp_prepare says is not mixed up with what is attached meanwhile. */
extern _Thread_local char dp_error[512];
/* Maps beside the arena that all programs share: see maps.c. */
enum dp_map {
	DP_MAP_FRAGS,
	DP_MAP_LIMITS,
	DP_MAP_EVENTS,
	DP_MAP_MAX_
};

struct sl_dp {
	char *pin_dir; /* NULL: pins nothing */
	int lock_fd; /* the pin directory, locked: who holds it is the only one to change things */
	int arena_fd;
	int map_fds[DP_MAP_MAX_];
	int set_maps[SL_SET_KIND_MAX_]; /* maps of maps; [SL_SET_PLAIN] is none */
	struct dp_heap *heap;
	struct dp_sets *sets; /* prepared, not yet in force */
	struct {
		__u32 set;
		bool begun; /* key is the last one that was looked at */
		union dp_key key;
	} sweep; /* where the next one goes on */
	char *base; /* where offset 0 of the arena is mapped; NULL: not started */
	struct sl_root *root;
	__u32 ncpus;
	__u32 rule_shift;
	__u8 *flow_rules; /* [counter slot] enum sl_verdict that a rule has for flows; as prepared */
	__u32 prepared; /* the bank that sl_dp_commit is to put in force; 0: none */
	int grace_outer; /* an array of maps with one slot: see dp_grace() */
	int grace_inner;
	bool no_dispatcher; /* libxdp fell back to a single program before, why is known */
	char no_dispatcher_why[96];
	enum sl_dp_alone alone; /* while something is attached */
	const char *alone_words;
	__u32 taken; /* by the kernel before: a bit for each DP_TAKEN() */
	bool no_tcx; /* for tests: as if the kernel refused TCX links */
	struct dp_prog *run; /* loaded for sl_dp_run */
	__u32 run_slot;
	enum sl_hook run_hook;
	struct dp_prog *run_rest; /* for what XDP leaves to TC */
	struct dp_tap *tap; /* for frames that the test run refuses */
	bool no_tap; /* it cannot be made */
};

/* dp.c */
int dp_fail(struct sl_dp *dp, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "device or resource busy": the kernel's words as they stand in a sentence. */
const char *dp_words(int err);

/* maps.c */
#define DP_OTHER_VERSION "was left alone: 'sluicectl detach --all' removes it"

struct bpf_map_info;
struct bpf_object;
void dp_maps_init(struct sl_dp *dp);
void dp_maps_close(struct sl_dp *dp);
int dp_maps_make(struct sl_dp *dp);
int dp_maps_pin(struct sl_dp *dp);
void dp_maps_unpin(struct sl_dp *dp);
int dp_maps_adopt(struct sl_dp *dp);
int dp_map_check(struct sl_dp *dp, int fd, const char *pin, const struct bpf_map_info *want);
int dp_maps_reuse(struct sl_dp *dp, struct bpf_object *obj);

/* log.c */
void dp_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void dp_log_init(void);
/* While true, what the kernel refuses is no news: a load is only tried. */
void dp_log_trying(bool trying);

/* arena.c */
int dp_arena_open(struct sl_dp *dp);
void dp_arena_close(struct sl_dp *dp);
/* Makes the pages of [offset, offset + size) exist. */
int dp_arena_touch(struct sl_dp *dp, __u32 offset, __u64 size);
int dp_grace_open(struct sl_dp *dp);
/* Returns when no program still runs that was running at the call. */
int dp_grace(struct sl_dp *dp);

static inline void *dp_at(const struct sl_dp *dp, __u32 offset)
{
	return dp->base + offset;
}

/* pins.c: paths are given as formats below the pin directory, which itself is "." */
int dp_pins_check(struct sl_dp *dp);
/* Takes the pin directory for this process; -ENOENT where there is none. */
int dp_pins_lock(struct sl_dp *dp);
int dp_mkdir(struct sl_dp *dp, const char *format, ...) __attribute__((format(printf, 2, 3)));
int dp_pin(struct sl_dp *dp, int fd, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A file descriptor, or a negative errno: -ENOENT where nothing is pinned. */
int dp_pin_get(struct sl_dp *dp, const char *format, ...) __attribute__((format(printf, 2, 3)));
int dp_unpin(struct sl_dp *dp, const char *format, ...) __attribute__((format(printf, 2, 3)));
void dp_rmdir(struct sl_dp *dp, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* if/IFINDEX/NAME-new becomes if/IFINDEX/NAME */
int dp_pin_commit(struct sl_dp *dp, int ifindex, enum sl_hook hook);
/* The interfaces that have a directory; the array is malloc'ed. */
int dp_pins_list(struct sl_dp *dp, int **ifindexes, size_t *count);
void dp_pins_drop(struct sl_dp *dp, int ifindex);
int dp_pin_rename(struct sl_dp *dp, const char *from, const char *to);

/* refer.c: brings what a rule set says of interfaces up to date; ruleset may be 0 */
void dp_refer(struct sl_dp *dp, __u32 ruleset);

/* memo.c */
void dp_memos_drop(struct sl_dp *dp);

/* loader.c */
struct dp_load {
	enum sl_hook hook;
	bool meta; /* the XDP program that hands over to TC */
	bool frags;
	struct sl_prog_config config;
};

/* Programs are the same to the verifier but for these. */
#define DP_TAKEN(load) (1U << ((load)->hook * 4 + (load)->meta * 2 + (load)->frags))

int dp_prog_open(struct sl_dp *dp, const struct dp_load *load, struct dp_prog **out);
int dp_prog_load(struct sl_dp *dp, struct dp_prog *prog);
/* Loads the program and lets it go, unless the kernel has taken it before. */
int dp_prog_try(struct sl_dp *dp, const struct dp_load *load);
void dp_prog_freep(struct dp_prog **prog);
struct bpf_object *dp_prog_obj(const struct dp_prog *prog);
struct bpf_program *dp_prog_bpf(const struct dp_prog *prog);
int dp_prog_fd(const struct dp_prog *prog);
__u64 dp_build(enum sl_hook hook);
__u32 dp_prog_id(int fd); /* 0: cannot be told */

/* A program at a hook, as it is or as it will be. */
struct dp_hook {
	int kind; /* enum sl_xdp_attach or enum sl_tc_attach; 0: none */
	int fd;
	int link; /* TCX */
	__u32 id;
	__u32 instance;
	__u32 handoff;
	__u64 build; /* 0: not known */
	enum sl_xdp_mode mode; /* XDP: native or generic */
	int priority; /* XDP, in the dispatcher */
	bool frags;
};
#define DP_HOOK_NONE { .fd = -1, .link = -1 }

void dp_hook_clear(struct dp_hook *hook);

/* libxdp.c: around each use of it */
struct dp_libxdp {
	int open[64]; /* programs' descriptors; more than that are not looked after */
	size_t count;
};

void dp_libxdp_begin(struct dp_libxdp *use);
/* fd was opened since, and is no leftover. */
void dp_libxdp_keep(struct dp_libxdp *use, int fd);
void dp_libxdp_end(struct dp_libxdp *use);
int dp_libxdp_member(int ifindex, __u32 dispatcher, int place);
/* Where the program runs in the dispatcher, from 0; -ENOENT: it does not. */
int dp_libxdp_place(int ifindex, __u32 dispatcher, __u32 id);
/* Removes what libxdp left of dispatchers that are not attached to the interface, or not any more. */
void dp_libxdp_clean(int ifindex);
void dp_libxdp_rmdir(void);

/* xdp.c */
struct dp_xdp_want {
	int ifindex;
	const char *name;
	enum sl_xdp_mode mode;
	int priority;
	struct dp_load load;
};

/* suffix: "" for what is pinned as HOOK, "-new" for what is to take its place */
int dp_xdp_read(struct sl_dp *dp, int ifindex, const char *suffix, struct dp_hook *out);
/* Attaches through libxdp, beside what is there; out->kind says how it came out. */
int dp_xdp_attach(struct sl_dp *dp, const struct dp_xdp_want *want, struct dp_hook *out);
/* Attaches what is loaded, past libxdp, so that nobody else has a place there. */
int dp_xdp_attach_alone(struct sl_dp *dp, int ifindex, const char *name, const struct dp_hook *new);
/* Whether programs of others are on the interface's XDP hook. */
bool dp_xdp_has_others(struct sl_dp *dp, int ifindex, const struct dp_hook *ours);
/* Replaces one program by another at once; for SL_XDP_SINGLE. */
int dp_xdp_swap(struct sl_dp *dp, int ifindex, const char *name, const struct dp_hook *old,
		const struct dp_hook *new);
int dp_xdp_detach(struct sl_dp *dp, int ifindex, const struct dp_hook *hook);
/* Detaches programs of ours that are not pinned. */
int dp_xdp_detach_strays(struct sl_dp *dp, int ifindex);
bool dp_xdp_runs_first(struct sl_dp *dp, int ifindex, __u32 first, __u32 second);
int dp_xdp_load(struct sl_dp *dp, const struct dp_load *load, struct dp_hook *out);

/* tc.c */
int dp_tc_read(struct sl_dp *dp, int ifindex, enum sl_hook hook, const char *suffix,
	       struct dp_hook *out);
int dp_tc_load(struct sl_dp *dp, const struct dp_load *load, struct dp_hook *out);
/* Attaches the loaded program; sets kind and link. */
int dp_tc_attach(struct sl_dp *dp, int ifindex, const char *name, enum sl_hook hook,
		 struct dp_hook *new);
int dp_tc_swap(struct sl_dp *dp, int ifindex, const char *name, enum sl_hook hook,
	       const struct dp_hook *at, int from, int to);
int dp_tc_detach(struct sl_dp *dp, int ifindex, enum sl_hook hook, const struct dp_hook *old);

/* clsact.c */
int dp_clsact_attach(struct sl_dp *dp, int ifindex, enum sl_hook hook, int fd);
int dp_clsact_swap(int ifindex, enum sl_hook hook, int fd);
int dp_clsact_detach(struct sl_dp *dp, int ifindex, enum sl_hook hook);
__u32 dp_clsact_query(int ifindex, enum sl_hook hook); /* id of our filter's program, 0: none */

/* slots.c */
int dp_slot_find(const struct sl_dp *dp, int ifindex);
int dp_slot_get(struct sl_dp *dp, int ifindex, const char *name, __u32 *slot);
void dp_slot_free(struct sl_dp *dp, __u32 slot);
int dp_device_check(struct sl_dp *dp, int ifindex, char name[16]);

static inline struct sl_note *dp_note(const struct sl_dp *dp, __u32 slot)
{
	return (struct sl_note *)dp_at(dp, SL_ARENA_NOTE) + slot;
}

/* The word that says which program is in charge. */
static inline __u32 dp_charge(const struct sl_dp *dp, __u32 slot, enum sl_hook hook)
{
	return __atomic_load_n(&dp->root->iface[slot].instance[hook], __ATOMIC_ACQUIRE);
}

static inline void dp_charge_set(struct sl_dp *dp, __u32 slot, enum sl_hook hook, __u32 instance)
{
	__atomic_store_n(&dp->root->iface[slot].instance[hook], instance, __ATOMIC_RELEASE);
}

/* attach.c */
int dp_hooks_read(struct sl_dp *dp, int ifindex, struct dp_hook hooks[SL_HOOK_MAX_]);

/* detach.c */
/* Detaches what is pinned for the interface; needs no arena. */
int dp_detach_pinned(struct sl_dp *dp, int ifindex);
/* After a restart: finishes or undoes what was cut off in the middle. */
int dp_recover(struct sl_dp *dp);

/* sets.c */
/* What the sets of the configuration are to hold: gives each its place, changes nothing in force. */
int dp_sets_prepare(struct sl_dp *dp, struct sl_conf *conf);
/* The new rule set is in force: what only the old one had goes. */
void dp_sets_commit(struct sl_dp *dp);
/* What was prepared and will not come into force goes. */
void dp_sets_undo(struct sl_dp *dp);
/* After a restart. */
int dp_sets_recover(struct sl_dp *dp);

/* run_tap.c: prog is a loaded TC program */
int dp_tap_new(struct dp_tap **out, enum sl_hook hook, int prog);
void dp_tap_freep(struct dp_tap **tap);
/* The hook has run when this returns. */
int dp_tap_send(struct dp_tap *tap, const void *frame, size_t len);
/* The frame that was let pass, as the program left it. */
int dp_tap_receive(struct dp_tap *tap, void *out, size_t max, size_t *out_len);
