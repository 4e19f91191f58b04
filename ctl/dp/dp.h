/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * libdp: the data path seen from user space. It creates or adopts the pinned maps, loads programs,
 * attaches them, writes rule sets into the arena, reads counters and removes it all. The daemon
 * drives it; `sluicectl` uses it without a daemon to replay, to probe and to clean up.
 *
 * Functions return 0 or a negative errno. What went wrong, in words for the operator, is in
 * sl_dp_error() until the next call: "xdp: attach to 'eth1' failed: device busy (...)".
 *
 * What is pinned below the pin directory (a directory on bpffs, default /sys/fs/bpf/sluice):
 *   arena, frags, limits, events,   the maps
 *   sets, tries
 *   if/IFINDEX/xdp                  the program at this hook
 *   if/IFINDEX/tc-ingress
 *   if/IFINDEX/tc-egress
 *   if/IFINDEX/tc-ingress-link      the TCX link, which holds the program in place; an XDP program
 *   if/IFINDEX/tc-egress-link       is held by the interface or libxdp's dispatcher, a filter by
 *                                   its qdisc
 *   if/IFINDEX/clsact               there when Sluice made that qdisc (any program, as a mark)
 *   if/IFINDEX/HOOK-new             a program that is about to take the place of HOOK
 *   memo/NAME                       what the daemon wants to know after a restart: sl_dp_memo_put
 *
 * A process can have one struct sl_dp started at a time: the arena has one address. What is
 * started must not be used after a fork, which does not inherit it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#include "arena.h"
#include "rules.h"

#define SL_DP_PIN_DIR "/sys/fs/bpf/sluice"

struct sl_dp;

/* Of the calling thread. */
const char *sl_dp_error(const struct sl_dp *dp);

/*
 * Where the lines of libbpf and libxdp go, with a syslog level: debug, and warning for what the
 * verifier says of a program that the kernel refused. For all of the process; NULL: nowhere.
 */
void sl_dp_set_log(void (*fn)(int level, const char *line));

/* --- the whole --- */

/* Attaches nothing and creates nothing until sl_dp_start. pin_dir NULL: pins nothing (replay). */
int sl_dp_new(struct sl_dp **out, const char *pin_dir);
/* Closes what user space holds; the kernel side goes on. */
void sl_dp_freep(struct sl_dp **dp);

/*
 * Adopts the pinned data path, or makes a new one when there is none. -EPROTO: what is pinned has
 * another layout (SL_ABI_VERSION) and was left alone. -EBUSY: another process has started it; one
 * at a time may, until it frees its struct sl_dp or ends.
 */
int sl_dp_start(struct sl_dp *dp);
bool sl_dp_started(const struct sl_dp *dp);
/*
 * Detaches all, removes all pins: no program, link, map, pin or qdisc of ours is left. Needs no
 * sl_dp_start, and goes by the pins alone: also what another version left is removed.
 */
int sl_dp_remove(struct sl_dp *dp);

/* --- rule sets --- */

/*
 * Numbers the rules (a rule that runs keeps its counter by chain and name; a new one starts at 0),
 * lowers them into the bank that is not in force, and switches. diag takes what lowering says.
 */
int sl_dp_apply(struct sl_dp *dp, struct sl_conf *conf, struct sl_diag *diag);
/*
 * The same in two steps. Preparing is what takes time and what can fail, and changes nothing that
 * runs: it may be done in a thread of its own while the other one reads, attaches and detaches, as
 * long as that neither prepares, applies, removes nor frees. Committing is the switch.
 */
int sl_dp_prepare(struct sl_dp *dp, struct sl_conf *conf, struct sl_diag *diag);
int sl_dp_commit(struct sl_dp *dp);
/* The rule set in force, or NULL. Offsets in it are resolved with sl_dp_at. */
const struct sl_ruleset *sl_dp_ruleset(const struct sl_dp *dp);
const void *sl_dp_at(const struct sl_dp *dp, __u32 offset);

/* --- sets at run time; by name, -ENOENT when there is none --- */

/*
 * Elements as text, see docs/rules.md. A text that is none: -EINVAL, and nothing has changed. A set
 * that is full: -ENOSPC, with the elements before it done. timeout_s: of these, NULL for the set's.
 * What was added and deleted stays over reloads and restarts, for as long as the set does.
 */
int sl_dp_set_add(struct sl_dp *dp, const char *name, const char *const *texts, size_t count,
		  const __u32 *timeout_s);
int sl_dp_set_delete(struct sl_dp *dp, const char *name, const char *const *texts, size_t count);
/* Back to what the configuration has: conf is the set in it, NULL when it has none any more. */
int sl_dp_set_flush(struct sl_dp *dp, const char *name, const struct sl_conf_set *conf);
/* Whether all of the element is in the set. */
int sl_dp_set_test(struct sl_dp *dp, const char *name, const char *text, bool *in);

struct sl_dp_elem {
	const char *text;
	__u64 expires_ms; /* from now; 0: never */
	__u64 packets;
	__u64 bytes;
	bool configured; /* entries: by the configuration */
};

/* A value that is not 0 ends the list and is what sl_dp_set_list returns. */
typedef int sl_dp_elem_fn(void *arg, const struct sl_dp_elem *elem);
/* A plain set as the fewest prefixes or ranges; another one entry by entry. */
int sl_dp_set_list(struct sl_dp *dp, const char *name, sl_dp_elem_fn *call, void *arg);

struct sl_dp_set {
	const char *name; /* NULL: has none; valid until the next apply */
	enum sl_set_type type[SL_SET_PARTS];
	unsigned int nparts;
	bool plain;
	bool counters;
	__u32 size; /* 0: not said */
	__u32 timeout_s;
	__u64 elements; /* plain: ranges; names: names, whatever is meant by them */
	__u64 refused; /* bans that found it full */
	__u64 bytes; /* plain, and names: of memory */
};

/* All sets in force; the array is malloc'ed. */
int sl_dp_sets(struct sl_dp *dp, struct sl_dp_set **out, size_t *count);
int sl_dp_set_find(struct sl_dp *dp, const char *name, struct sl_dp_set *out);
typedef void sl_dp_full_fn(void *arg, const char *name, __u64 refused);
/*
 * Takes expired entries out, which do not match any more, and calls for each set that bans found
 * full since the last time: every second or so.
 */
void sl_dp_sets_sweep(struct sl_dp *dp, sl_dp_full_fn *call, void *arg);

/* --- flows --- */

/* Which flows: all that it says must hold. Zero: any. */
struct sl_dp_flow_filter {
	__u8 l3; /* enum sl_l3 of addr; 0: any address */
	__u8 bits; /* of its prefix */
	__u8 state; /* enum sl_flow_state */
	__u8 verdict; /* enum sl_verdict */
	__u64 addr[2]; /* of either side, high and low; IPv4: [1] */
	bool has_port, has_proto;
	__u16 port; /* of either side; ICMP: the identifier */
	__u8 proto;
};

struct sl_dp_flow {
	struct sl_flow_key key;
	struct sl_counter count[2]; /* [side that sent] */
	__u32 state; /* as in struct sl_flow, and so are verdict and client */
	__u32 verdict;
	__u8 client;
	struct sl_flow_app app;
	__u64 since_ms; /* its first packet, before now */
	__u64 idle_ms;
	__u64 timeout_ms;
};

struct sl_dp_flow_table {
	__u32 places;
	__u64 flows; /* that have not timed out */
	__u64 made;
	__u64 evicted;
	__u64 unplaced;
};

/* False: the rule set in force asks for no flows, and there is no table. */
bool sl_dp_flow_table(struct sl_dp *dp, struct sl_dp_flow_table *out);
/* A value that is not 0 ends the list and is what sl_dp_flows returns. */
typedef int sl_dp_flow_fn(void *arg, const struct sl_dp_flow *flow);
int sl_dp_flows(struct sl_dp *dp, const struct sl_dp_flow_filter *filter, sl_dp_flow_fn *call,
		void *arg);
/* The next packet of such a flow begins a new one, which the rules judge. How many there were. */
size_t sl_dp_flows_kill(struct sl_dp *dp, const struct sl_dp_flow_filter *filter);

/* --- interfaces --- */

enum sl_xdp_attach {
	SL_XDP_NONE,
	SL_XDP_DISPATCHER,
	SL_XDP_SINGLE
};
enum sl_tc_attach {
	SL_TC_NONE,
	SL_TC_TCX,
	SL_TC_CLSACT
};

struct sl_dp_iface {
	char name[16];
	int ifindex;
	__u32 slot;
	enum sl_xdp_attach xdp;
	bool xdp_others; /* programs of others are in the dispatcher, too */
	enum sl_xdp_mode xdp_mode; /* what runs: SL_XDP_NATIVE, SL_XDP_GENERIC or SL_XDP_OFF */
	bool xdp_frags;
	int xdp_priority;
	__u32 xdp_prog_id;
	char xdp_why[128]; /* why not the dispatcher, or not native */
	enum sl_tc_attach tc[SL_DIR_MAX_];
	__u32 tc_prog_id[SL_DIR_MAX_];
};

/*
 * Brings the interface to what want says, from whatever it has; nothing changes where it has that
 * already. All or nothing: on failure, what was attached before stays.
 */
int sl_dp_attach(struct sl_dp *dp, int ifindex, const struct sl_conf_iface *want);
/* Why XDP is not to be in libxdp's dispatcher but alone. */
enum sl_dp_alone {
	SL_ALONE_NOT,
	SL_ALONE_ROOM, /* answers may be longer than what they answer; where others are, they are not sent */
	SL_ALONE_HANDOFF, /* beside TC ingress, which XDP has word for; where others are, that fails */
};

/* The same with such a reason; words: of the failure, -EOPNOTSUPP. */
int sl_dp_attach_beside(struct sl_dp *dp, int ifindex, const struct sl_conf_iface *want,
			enum sl_dp_alone alone, const char *words);
/*
 * Whether the kernel takes the programs that want asks for, by a load of those hooks of which none was
 * loaded yet; attaches nothing.
 */
int sl_dp_try(struct sl_dp *dp, const struct sl_conf_iface *want);
int sl_dp_detach(struct sl_dp *dp, int ifindex);
/* The interface is gone; its kernel attachments went with it. Frees slot and pins. */
int sl_dp_forget(struct sl_dp *dp, int ifindex);
int sl_dp_rename(struct sl_dp *dp, int ifindex, const char *name);
/* An interface has come, gone or got another name: what rules redirect to may be another one. */
void sl_dp_links_changed(struct sl_dp *dp);
/* What is attached, read back from the kernel: the array is malloc'ed. */
int sl_dp_ifaces(struct sl_dp *dp, struct sl_dp_iface **out, size_t *count);

/* --- memos: bytes that stay with the data path, over the end of this process, until it is removed --- */

/* One step: a reader finds the bytes that were there before, or these. */
int sl_dp_memo_put(struct sl_dp *dp, const char *name, const void *bytes, size_t size);
/* *out is malloc'ed, with a zero behind it. -ENOENT: there is none. Needs no sl_dp_start. */
int sl_dp_memo_get(struct sl_dp *dp, const char *name, char **out, size_t *size);
int sl_dp_memo_drop(struct sl_dp *dp, const char *name);

/* Whether the kernel takes EXT programs, which libxdp's dispatcher is made of: 0 or its errno. */
int sl_dp_probe_ext(void);

/* The rule whose counter the slot is, in the rule set in force; NULL: none. */
const struct sl_rule *sl_dp_rule_by_slot(const struct sl_dp *dp, __u32 slot);
/* The name of the interface that has or had the slot; "" for none. */
const char *sl_dp_iface_name(const struct sl_dp *dp, __u32 slot);

/* --- counters: sums over CPUs --- */

int sl_dp_if_stats(struct sl_dp *dp, __u32 slot, struct sl_if_stats *out);
int sl_dp_rule_counter(struct sl_dp *dp, __u32 slot, struct sl_counter *out);

/* --- events --- */

/* The ring buffer of struct sl_event, for libbpf's ring_buffer__new(); -1 when not started. */
int sl_dp_events_fd(const struct sl_dp *dp);

/* --- offline: one packet through the programs, nothing attached --- */

/*
 * As which interface packets are met by what is loaded from now on: its slot, of which there is one
 * that nobody else uses, and the name that rules may ask for.
 */
void sl_dp_run_as(struct sl_dp *dp, __u32 slot, const char *name);
/* Loads the program of one hook for sl_dp_run; call sl_dp_start (without pins) and apply before. */
int sl_dp_load_for_run(struct sl_dp *dp, enum sl_hook hook);
/* The same without the trace, as it runs on an interface: a descriptor, valid until the next load. */
int sl_dp_load_for_bench(struct sl_dp *dp, enum sl_hook hook);
/*
 * Judges one frame. linear: bytes in the linear part, 0 for the kernel's choice (XDP only, from 14
 * on; a kernel that takes none: -EOPNOTSUPP); out may be NULL or holds max bytes and gets the frame
 * as the program left it. -EMSGSIZE: longer than this kernel can be made to judge (XDP 73,000
 * bytes). TC frames that a test run refuses, of more than a page before Linux 7.0, go through a
 * device made for it (run_tap.c); of those that are dropped nothing comes back, *out_len is 0.
 *
 * The kernel runs no program on less than an Ethernet header. Of such a frame the trace says what
 * the data path would: short-ethernet, dropped or accepted as `on short-ethernet` has it; rules
 * that match any packet are not asked.
 */
int sl_dp_run(struct sl_dp *dp, const void *frame, size_t len, size_t linear,
	      struct sl_trace *trace, void *out, size_t max, size_t *out_len);
