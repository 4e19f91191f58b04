/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * libdp on a veth pair in a network namespace of its own, with a bpffs of its own: what each call
 * leaves attached, pinned and counted, and that in the end nothing is left.
 */

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>

#include <cmocka.h>

#include "dp.h"
#include "private.h"

#define PINS "/sys/fs/bpf/sluice"

static int sh(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- what the kernel has of ours --- */

/* A program keeps its maps, a link its program: when the maps are gone, all is. */
static __u32 ours[64];
static size_t nours;

static void remember(int map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	assert_int_equal(bpf_map_get_info_by_fd(map, &info, &size), 0);
	assert_true(nours < ARRAY_SIZE(ours));
	ours[nours++] = info.id;
}

static bool any_left(void)
{
	size_t i;

	for (i = 0; i < nours; i++) {
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(ours[i]);

		if (fd >= 0)
			return true;
	}
	return false;
}

/* The kernel frees programs and maps some time after their last user. */
static void assert_nothing_left(void)
{
	int tries;

	assert_true(nours > 0);
	for (tries = 0; tries < 6000 && any_left(); tries++)
		usleep(20000);
	if (any_left())
		sh("find /sys/fs/bpf; ip -d link show; bpftool prog show; bpftool map show");
	assert_false(any_left());
	nours = 0;
	assert_int_not_equal(access(PINS, F_OK), 0);
	assert_int_not_equal(access("/sys/fs/bpf/xdp", F_OK), 0);
	assert_int_not_equal(sh("tc qdisc show 2>/dev/null | grep -q clsact"), 0);
	assert_int_not_equal(sh("ip -d link show | grep -q 'prog/xdp'"), 0);
}

/* --- the topology: 'sl0' is inspected, 'sl1' is its peer --- */

static int index_of(const char *name)
{
	return (int)if_nametoindex(name);
}

static int topology(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		return -1;
	return sh("ip link set lo up && ip link add sl0 type veth peer name sl1 &&"
		  "sysctl -qw net.ipv6.conf.sl0.disable_ipv6=1 net.ipv6.conf.sl1.disable_ipv6=1 &&"
		  "ip link set sl0 up && ip link set sl1 up");
}

static int topology_end(void **state)
{
	(void)state;
	return sh("ip link del sl0");
}

/* UDP from 'sl1' to 'sl0', port 7; size: of the frame. */
static void frame_make(unsigned char *frame, size_t size, unsigned int dport)
{
	memset(frame, 0, size);
	memset(frame, 0xff, 6);
	frame[6] = 2;
	frame[12] = 8;
	frame[14] = 0x45;
	frame[16] = (unsigned char)((size - 14) >> 8);
	frame[17] = (unsigned char)(size - 14);
	frame[22] = 64;
	frame[23] = 17;
	memcpy(frame + 26, "\x0a\0\0\2\x0a\0\0\1", 8);
	frame[35] = 9;
	frame[36] = (unsigned char)(dport >> 8);
	frame[37] = (unsigned char)dport;
	frame[38] = (unsigned char)((size - 34) >> 8);
	frame[39] = (unsigned char)(size - 34);
}

static int sender_open(const char *from)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = index_of(from) };
	int sock = socket(AF_PACKET, SOCK_RAW, 0);

	if (sock < 0 || bind(sock, (struct sockaddr *)&at, sizeof(at)))
		abort();
	return sock;
}

static void frames_send(const char *from, int count, size_t size, unsigned int dport)
{
	_cleanup_close_ int sock = sender_open(from);
	unsigned char frame[9014];

	frame_make(frame, size, dport);
	while (count)
		if (send(sock, frame, size, 0) == (ssize_t)size)
			count--;
		else if (errno != ENOBUFS)
			abort();
}

static bool fewer(__u64 count, __u64 want)
{
	return count < want;
}

/* The last frames may still be on their way, on a busy machine for long. */
#define assert_becomes(call, want)                                     \
	do {                                                           \
		for (int i_ = 0; i_ < 6000 && fewer(call, want); i_++) \
			usleep(10000);                                 \
		assert_int_equal(call, want);                          \
	} while (0)

/* --- libdp --- */

static void log_to_stderr(int level, const char *line)
{
	if (level <= 5 || getenv("V"))
		fprintf(stderr, "<%d>%s\n", level, line);
}

#define assert_dp_ok(dp, call)                                                \
	do {                                                                  \
		int err_ = (call);                                            \
		if (err_)                                                     \
			fail_msg("%s: %d: %s", #call, err_, sl_dp_error(dp)); \
	} while (0)

/* What a test that failed leaves, so that the next one can start. */
static struct sl_dp *current;

static struct sl_dp *dp_new(const char *pins)
{
	sl_dp_set_log(log_to_stderr);
	assert_int_equal(sl_dp_new(&current, pins), 0);
	return current;
}

static void dp_remember(const struct sl_dp *dp)
{
	remember(dp->arena_fd);
	remember(dp->map_fds[DP_MAP_FRAGS]);
	remember(dp->grace_inner);
	remember(dp->grace_outer);
}

static struct sl_dp *dp_started(void)
{
	struct sl_dp *dp = dp_new(PINS);

	assert_dp_ok(dp, sl_dp_start(dp));
	dp_remember(dp);
	return dp;
}

static void dp_stop(struct sl_dp **dp)
{
	current = NULL;
	sl_dp_freep(dp);
}

static int clean_up(void **state)
{
	(void)state;
	nours = 0;
	if (!current)
		return 0;
	sl_dp_remove(current);
	sl_dp_freep(&current);
	return 0;
}

static void rules_apply(struct sl_dp *dp, const char *text)
{
	struct sl_conf *conf = NULL;
	struct sl_diag diag = {};

	if (sl_conf_parse(&conf, "test", ".", text, &diag)) {
		sl_diag_print(&diag, stderr);
		fail();
	}
	assert_dp_ok(dp, sl_dp_apply(dp, conf, &diag));
	sl_conf_freep(&conf);
	sl_diag_clear(&diag);
}

static struct sl_dp_iface iface_of(struct sl_dp *dp, const char *name)
{
	struct sl_dp_iface *list = NULL, found = {};
	size_t count = 0, i;

	assert_dp_ok(dp, sl_dp_ifaces(dp, &list, &count));
	for (i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			found = list[i];
	free(list);
	return found;
}

static __u64 count_of(struct sl_dp *dp, const char *name, enum sl_hook hook,
		      enum sl_verdict verdict)
{
	struct sl_if_stats stats;

	assert_dp_ok(dp, sl_dp_if_stats(dp, iface_of(dp, name).slot, &stats));
	return stats.hook[hook].verdict[verdict].packets;
}

static __u64 rule_count(struct sl_dp *dp, const char *name)
{
	const struct sl_ruleset *set = sl_dp_ruleset(dp);
	const struct sl_rule *rules = sl_dp_at(dp, set->rules);
	struct sl_counter counter;
	__u32 i;

	for (i = 0; i < set->nrules; i++) {
		if (strcmp(sl_dp_at(dp, rules[i].name), name) != 0)
			continue;
		assert_dp_ok(dp, sl_dp_rule_counter(dp, rules[i].slot, &counter));
		return counter.packets;
	}
	fail_msg("no rule '%s'", name);
	return 0;
}

static const struct sl_conf_iface all = { .xdp = SL_XDP_NATIVE,
					  .priority = 50,
					  .tc = { true, true } };
static const struct sl_conf_iface xdp_only = { .xdp = SL_XDP_NATIVE, .priority = 50 };
static const struct sl_conf_iface tc_only = { .tc = { true, true } };
static const struct sl_conf_iface generic = { .xdp = SL_XDP_GENERIC, .tc = { true, false } };
static const struct sl_conf_iface automatic = { .xdp = SL_XDP_AUTO, .priority = 50 };
static const struct sl_conf_iface off = {};

static void dp_end(struct sl_dp **dp)
{
	assert_dp_ok(*dp, sl_dp_remove(*dp));
	dp_stop(dp);
	assert_nothing_left();
}

/* --- tests --- */

static void test_start_and_remove(void **state)
{
	struct sl_dp *dp = dp_started();

	(void)state;
	assert_true(sl_dp_started(dp));
	assert_null(sl_dp_ruleset(dp));
	assert_int_equal(access(PINS "/arena", F_OK), 0);
	dp_end(&dp);
}

static void test_attach_all(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface iface;

	(void)state;
	rules_apply(dp, "chain ingress { no7: udp dport 7 drop }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	iface = iface_of(dp, "sl0");
	assert_int_not_equal(iface.xdp, SL_XDP_NONE);
	assert_int_equal(iface.xdp_mode, SL_XDP_NATIVE);
	assert_true(iface.xdp_frags);
	assert_int_equal(iface.tc[0], SL_TC_TCX);
	assert_int_equal(iface.tc[1], SL_TC_TCX);
	if (iface.xdp == SL_XDP_SINGLE)
		assert_non_null(strstr(iface.xdp_why, "EXT programs refused"));

	frames_send("sl1", 100, 100, 8);
	frames_send("sl1", 50, 100, 7);
	frames_send("sl0", 30, 100, 8);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_ACCEPT), 100);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_DROP), 50);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_SEEN), 100);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_ACCEPT), 0);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_EGRESS, SL_ACCEPT), 30);
	assert_becomes(rule_count(dp, "no7"), 50);
	dp_end(&dp);
}

static void test_same_again_changes_nothing(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface before, after;

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	before = iface_of(dp, "sl0");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	after = iface_of(dp, "sl0");
	assert_memory_equal(&before, &after, sizeof(before));
	dp_end(&dp);
}

static void test_adopt(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface before, after;

	(void)state;
	rules_apply(dp, "chain ingress { no7: udp dport 7 drop }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	before = iface_of(dp, "sl0");
	frames_send("sl1", 10, 100, 7);
	dp_stop(&dp);
	frames_send("sl1", 10, 100, 7);
	dp = dp_started();
	after = iface_of(dp, "sl0");
	assert_memory_equal(&before, &after, sizeof(before));
	assert_becomes(rule_count(dp, "no7"), 20);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	after = iface_of(dp, "sl0");
	assert_memory_equal(&before, &after, sizeof(before));
	frames_send("sl1", 10, 100, 7);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_DROP), 30);
	assert_int_equal(sl_dp_ruleset(dp)->generation, 1);
	dp_end(&dp);
}

static void test_detach_frees_the_interface(void **state)
{
	struct sl_dp *dp = dp_started();

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	frames_send("sl1", 10, 100, 8);
	assert_dp_ok(dp, sl_dp_detach(dp, index_of("sl0")));
	assert_int_not_equal(access(PINS "/if", F_OK), 0);
	assert_int_equal(iface_of(dp, "sl0").ifindex, 0);
	assert_int_equal(sl_dp_detach(dp, index_of("sl0")), -ENOENT);

	/* Another name takes another slot, this one's counters go on. */
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl1"), &xdp_only));
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &xdp_only));
	assert_int_not_equal(iface_of(dp, "sl0").slot, iface_of(dp, "sl1").slot);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_ACCEPT), 10);
	assert_becomes(count_of(dp, "sl1", SL_HOOK_XDP, SL_ACCEPT), 0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &off));
	assert_int_equal(iface_of(dp, "sl0").ifindex, 0);
	dp_end(&dp);
}

/* A child sends while the parent changes what is attached; each frame must be judged once. */
struct traffic {
	pid_t pid;
	volatile bool stop;
	volatile __u64 sent;
};

static struct traffic *traffic_start(void)
{
	struct traffic *traffic = mmap(NULL, sizeof(*traffic), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	assert_true(traffic != MAP_FAILED);
	pid = fork();
	if (pid) {
		traffic->pid = pid;
		return traffic;
	}
	while (!traffic->stop && getppid() != 1) {
		frames_send("sl1", 64, 100, 8);
		traffic->sent += 64;
	}
	_exit(0);
}

static __u64 traffic_stop(struct traffic *traffic)
{
	__u64 sent;
	int status;

	while (traffic->sent <= 1000 && waitpid(traffic->pid, &status, WNOHANG) == 0)
		usleep(10000);
	traffic->stop = true;
	assert_int_equal(waitpid(traffic->pid, &status, 0), traffic->pid);
	assert_int_equal(status, 0);
	sent = traffic->sent;
	assert_true(sent > 1000);
	munmap(traffic, sizeof(*traffic));
	return sent;
}

static __u64 judged(struct sl_dp *dp, const char *name)
{
	struct sl_if_stats stats;
	__u64 sum = 0;
	int verdict;

	assert_dp_ok(dp, sl_dp_if_stats(dp, iface_of(dp, name).slot, &stats));
	for (verdict = 0; verdict < SL_VERDICT_MAX_; verdict++) {
		if (verdict == SL_SEEN)
			continue;
		sum += stats.hook[SL_HOOK_XDP].verdict[verdict].packets;
		sum += stats.hook[SL_HOOK_TC_INGRESS].verdict[verdict].packets;
	}
	return sum;
}

/* When all are through, and none that is judged twice is between its judges. */
static __u64 judged_at_least(struct sl_dp *dp, const char *name, __u64 sent)
{
	__u64 sum = judged(dp, name), before = sum + 1;

	for (int i = 0; i < 600 && (sum < sent || sum != before); i++) {
		before = sum;
		usleep(100000);
		sum = judged(dp, name);
	}
	return sum;
}

/* As if the running programs came from another build. */
static void build_forget(struct sl_dp *dp, const char *name)
{
	struct sl_note *note = dp_note(dp, iface_of(dp, name).slot);
	int hook;

	for (hook = 0; hook < SL_HOOK_MAX_; hook++)
		note->hook[hook].build ^= 1;
}

static void upgrade(struct sl_dp *dp, const struct sl_conf_iface *want)
{
	struct sl_dp_iface before, after;

	before = iface_of(dp, "sl0");
	build_forget(dp, "sl0");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), want));
	after = iface_of(dp, "sl0");
	assert_int_not_equal(before.xdp_prog_id, after.xdp_prog_id);
	assert_int_not_equal(before.tc_prog_id[0], after.tc_prog_id[0]);
	assert_int_not_equal(before.tc_prog_id[1], after.tc_prog_id[1]);
	assert_int_equal(before.xdp, after.xdp);
	assert_int_equal(after.xdp_priority, before.xdp == SL_XDP_SINGLE ? 0 : want->priority);
}

static void test_upgrade_under_traffic(void **state)
{
	struct sl_conf_iface want = all;
	struct sl_dp *dp = dp_started();
	struct traffic *traffic;
	__u64 sent;
	int i;

	(void)state;
	rules_apply(dp, "chain ingress { all8: udp dport 8 accept }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	traffic = traffic_start();
	for (i = 0; i < 6; i++) {
		want.priority =
			i / 2 % 2 ? 30 : 50; /* in the dispatcher: before or behind the old */
		upgrade(dp, &want);
		rules_apply(dp, "chain ingress { all8: udp dport 8 accept }");
	}
	sent = traffic_stop(traffic);
	print_message("%llu frames\n", (unsigned long long)sent);
	assert_becomes(judged(dp, "sl0"), sent);
	assert_becomes(rule_count(dp, "all8"), sent);
	dp_end(&dp);
}

/* XDP comes and goes, native and generic, while TC ingress stays: nothing unjudged. */
static void test_modes_under_traffic(void **state)
{
	static const struct sl_conf_iface tc_in = { .tc = { true, false } };
	static const struct sl_conf_iface both = { .xdp = SL_XDP_NATIVE,
						   .priority = 50,
						   .tc = { true, false } };
	const struct sl_conf_iface *wants[] = { &both,	   &tc_in, &generic, &both,
						&xdp_only, &both,  &tc_in };
	struct sl_dp *dp = dp_started();
	struct traffic *traffic;
	__u64 sent, sum;
	size_t i;

	(void)state;
	rules_apply(dp, "chain ingress { all8: udp dport 8 accept }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &tc_in));
	traffic = traffic_start();
	for (i = 0; i < ARRAY_SIZE(wants); i++)
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), wants[i]));
	sent = traffic_stop(traffic);
	sum = judged_at_least(dp, "sl0", sent);
	print_message("%llu frames, %lld judged twice\n", (unsigned long long)sent,
		      (long long)(sum - sent));
	assert_true(sum >= sent);
	assert_becomes(rule_count(dp, "all8"), sum);
	dp_end(&dp);
}

static void test_generic(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface iface;

	(void)state;
	rules_apply(dp, "chain ingress { }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &generic));
	iface = iface_of(dp, "sl0");
	assert_int_equal(iface.xdp_mode, SL_XDP_GENERIC);
	assert_false(iface.xdp_frags);
	frames_send("sl1", 100, 100, 8);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_ACCEPT), 100);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_SEEN), 100);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_ACCEPT), 0);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_DROP), 0);
	dp_end(&dp);
}

static void test_auto_falls_back(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface iface, again;

	(void)state;
	assert_true(sl_dp_attach(dp, index_of("lo"), &xdp_only) < 0);
	assert_non_null(
		strstr(sl_dp_error(dp),
		       "xdp: attach to 'lo' in native mode failed: operation not supported"));
	assert_int_equal(iface_of(dp, "lo").ifindex, 0);
	assert_int_not_equal(access(PINS "/if", F_OK), 0);

	assert_dp_ok(dp, sl_dp_attach(dp, index_of("lo"), &automatic));
	iface = iface_of(dp, "lo");
	assert_int_equal(iface.xdp_mode, SL_XDP_GENERIC);
	assert_non_null(strstr(iface.xdp_why, "native mode refused: operation not supported"));
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("lo"), &automatic));
	again = iface_of(dp, "lo");
	assert_memory_equal(&iface, &again, sizeof(iface));
	/* Native is refused still, and what runs stays. */
	assert_true(sl_dp_attach(dp, index_of("lo"), &xdp_only) < 0);
	again = iface_of(dp, "lo");
	assert_int_equal(again.xdp_mode, SL_XDP_GENERIC);
	assert_int_equal(again.tc[0], SL_TC_NONE);
	assert_int_equal(again.slot, iface.slot);

	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &automatic));
	assert_int_equal(iface_of(dp, "sl0").xdp_mode, SL_XDP_NATIVE);
	dp_end(&dp);
}

static void test_jumbo(void **state)
{
	struct sl_dp *dp = dp_started();

	(void)state;
	assert_int_equal(sh("ip link set sl0 mtu 9000 && ip link set sl1 mtu 9000"), 0);
	rules_apply(dp, "chain ingress { no7: udp dport 7 drop }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	frames_send("sl1", 20, 9014, 8);
	frames_send("sl1", 10, 9014, 7);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_ACCEPT), 20);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_DROP), 10);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_SEEN), 20);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_ACCEPT), 0);
	dp_end(&dp);
	assert_int_equal(sh("ip link set sl0 mtu 1500 && ip link set sl1 mtu 1500"), 0);
}

static int foreign_prog(enum bpf_prog_type type)
{
	const struct bpf_insn two[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(type, "foreign", "GPL", two, 2, NULL);
}

static void foreign_filter(int ifindex, __u32 handle, __u32 priority)
{
	_cleanup_close_ int fd = foreign_prog(BPF_PROG_TYPE_SCHED_CLS);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = fd, .handle = handle, .priority = priority);

	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

static void test_clsact(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface iface;

	(void)state;
	if (sh("tc qdisc add dev sl1 clsact 2>/dev/null")) {
		print_message("no clsact in this kernel\n");
		sl_dp_remove(dp);
		dp_stop(&dp);
		skip();
	}
	sh("tc qdisc del dev sl1 clsact");
	dp->no_tcx = true;
	rules_apply(dp, "chain ingress { no7: udp dport 7 drop }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	iface = iface_of(dp, "sl0");
	assert_int_equal(iface.tc[0], SL_TC_CLSACT);
	assert_int_equal(iface.tc[1], SL_TC_CLSACT);
	frames_send("sl1", 20, 100, 8);
	frames_send("sl0", 20, 100, 8);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_SEEN), 20);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_EGRESS, SL_ACCEPT), 20);
	build_forget(dp, "sl0");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &tc_only));
	assert_int_equal(iface_of(dp, "sl0").tc[0], SL_TC_CLSACT);
	assert_int_not_equal(iface_of(dp, "sl0").tc_prog_id[0], iface.tc_prog_id[0]);
	frames_send("sl1", 20, 100, 7);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_DROP), 20);
	assert_dp_ok(dp, sl_dp_detach(dp, index_of("sl0")));
	assert_int_not_equal(sh("tc qdisc show dev sl0 | grep -q clsact"), 0);

	/* A qdisc that was there stays, as does one that others use. */
	assert_int_equal(sh("tc qdisc add dev sl0 clsact"), 0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &tc_only));
	assert_dp_ok(dp, sl_dp_detach(dp, index_of("sl0")));
	assert_int_equal(sh("tc qdisc show dev sl0 | grep -q clsact"), 0);
	assert_int_equal(sh("tc qdisc del dev sl0 clsact"), 0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &tc_only));
	foreign_filter(index_of("sl0"), 1, 9);
	assert_dp_ok(dp, sl_dp_detach(dp, index_of("sl0")));
	assert_int_equal(sh("tc filter show dev sl0 egress | grep -q foreign"), 0);
	assert_int_equal(sh("tc qdisc del dev sl0 clsact"), 0);
	dp_end(&dp);
}

static void test_busy(void **state)
{
	_cleanup_close_ int fd = foreign_prog(BPF_PROG_TYPE_XDP);
	struct sl_dp *dp = dp_started();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach(index_of("sl0"), fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(sl_dp_attach(dp, index_of("sl0"), &all), -EBUSY);
	assert_non_null(strstr(sl_dp_error(dp), "'foreign'"));
	assert_int_equal(iface_of(dp, "sl0").ifindex, 0);
	assert_int_not_equal(access(PINS "/if", F_OK), 0);
	assert_int_equal(bpf_xdp_detach(index_of("sl0"), XDP_FLAGS_DRV_MODE, NULL), 0);
	dp_end(&dp);
}

static void test_not_ethernet(void **state)
{
	struct sl_dp *dp = dp_started();

	(void)state;
	assert_int_equal(sl_dp_attach(dp, 9999, &all), -ENODEV);
	assert_string_equal(sl_dp_error(dp), "there is no interface with index 9999");
	if (!sh("ip tuntap add sltun mode tun 2>/dev/null")) {
		assert_int_equal(sl_dp_attach(dp, index_of("sltun"), &all), -EOPNOTSUPP);
		assert_string_equal(sl_dp_error(dp), "interface 'sltun' is not Ethernet");
		sh("ip link del sltun");
	}
	dp_end(&dp);
}

static void test_other_layout(void **state)
{
	struct sl_dp *dp = dp_started();

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	dp->root->abi = 99;
	dp_stop(&dp);
	dp = dp_new(PINS);
	assert_int_equal(sl_dp_start(dp), -EPROTO);
	assert_non_null(strstr(sl_dp_error(dp), "has layout 99, this is layout "));
	assert_int_equal(access(PINS "/arena", F_OK), 0);
	dp_end(&dp);
}

/* As when a process is killed while libxdp makes or replaces a dispatcher. */
static void leave_dispatcher(const struct sl_dp_iface *iface)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(iface->xdp_prog_id);
	char path[128];

	mkdir("/sys/fs/bpf/xdp", 0700);
	snprintf(path, sizeof(path), "/sys/fs/bpf/xdp/dispatch-%d-4000000000", iface->ifindex);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/prog0-prog");
	assert_int_equal(bpf_obj_pin(fd, path), 0);
}

static void test_dispatcher_left_behind(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface iface;

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	iface = iface_of(dp, "sl0");
	leave_dispatcher(&iface);
	dp_stop(&dp);
	dp = dp_started();
	assert_int_not_equal(sh("ls -d /sys/fs/bpf/xdp/dispatch-*-4000000000 2>/dev/null"), 0);
	iface = iface_of(dp, "sl0");
	assert_int_not_equal(iface.xdp, SL_XDP_NONE);
	leave_dispatcher(&iface);
	dp_end(&dp);
}

/* As when a process is killed between attaching a program and pinning it. */
static void test_stray_program(void **state)
{
	struct sl_dp *dp = dp_started();
	char pin[128];

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	dp_stop(&dp);
	snprintf(pin, sizeof(pin), PINS "/if/%d/xdp", index_of("sl0"));
	assert_int_equal(unlink(pin), 0);
	dp = dp_started();
	assert_int_equal(iface_of(dp, "sl0").xdp, SL_XDP_NONE);
	assert_int_not_equal(sh("ip -d link show sl0 | grep -q 'prog/xdp'"), 0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	assert_int_not_equal(iface_of(dp, "sl0").xdp, SL_XDP_NONE);

	assert_int_equal(unlink(pin), 0);
	dp_end(&dp);
}

static void test_interface_gone(void **state)
{
	struct sl_dp *dp = dp_started();
	int ifindex;

	(void)state;
	assert_int_equal(
		sh("ip link add x type veth peer name y && ip link set x up && ip link set y up"),
		0);
	ifindex = index_of("x");
	assert_dp_ok(dp, sl_dp_attach(dp, ifindex, &all));
	assert_int_equal(sh("ip link del x"), 0);
	assert_dp_ok(dp, sl_dp_forget(dp, ifindex));
	assert_int_not_equal(access(PINS "/if", F_OK), 0);

	/* The same while nobody was looking. */
	assert_int_equal(
		sh("ip link add x type veth peer name y && ip link set x up && ip link set y up"),
		0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("x"), &all));
	dp_stop(&dp);
	assert_int_equal(sh("ip link del x"), 0);
	dp = dp_started();
	assert_int_equal(iface_of(dp, "x").ifindex, 0);
	assert_int_not_equal(access(PINS "/if", F_OK), 0);
	dp_end(&dp);
}

static void test_apply_keeps_counters(void **state)
{
	struct sl_dp *dp = dp_started();

	(void)state;
	rules_apply(dp, "chain ingress { one: udp dport 7 drop; two: udp dport 8 accept }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &xdp_only));
	frames_send("sl1", 5, 100, 7);
	frames_send("sl1", 6, 100, 8);
	rules_apply(
		dp,
		"chain ingress { new: tcp drop; two: udp dport 8 accept; one: udp dport 7 drop; policy drop }");
	assert_becomes(rule_count(dp, "one"), 5);
	assert_becomes(rule_count(dp, "two"), 6);
	assert_becomes(rule_count(dp, "new"), 0);
	frames_send("sl1", 5, 100, 7);
	frames_send("sl1", 3, 100, 9);
	assert_becomes(rule_count(dp, "one"), 10);
	rules_apply(dp, "chain ingress { two: udp dport 8 accept }");
	rules_apply(dp, "chain ingress { one: udp dport 7 drop; two: udp dport 8 accept }");
	assert_becomes(rule_count(dp, "one"), 0);
	assert_becomes(rule_count(dp, "two"), 6);
	assert_int_equal(sl_dp_ruleset(dp)->generation, 4);
	dp_end(&dp);
}

static void assert_memo(struct sl_dp *dp, const char *name, const char *want)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	assert_dp_ok(dp, sl_dp_memo_get(dp, name, &text, &size));
	assert_int_equal(size, strlen(want));
	assert_string_equal(text, want);
}

static void test_memos(void **state)
{
	static char big[3000000];
	struct sl_dp *dp = dp_started();
	char *text = NULL;
	size_t size;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(sl_dp_memo_get(dp, "confirm", &text, &size), -ENOENT);
	assert_dp_ok(dp, sl_dp_memo_put(dp, "confirm", "one", 3));
	assert_memo(dp, "confirm", "one");
	assert_dp_ok(dp, sl_dp_memo_put(dp, "confirm", big, sizeof(big) - 1));
	assert_dp_ok(dp, sl_dp_memo_put(dp, "detached", "", 0));
	assert_int_equal(sl_dp_memo_put(dp, "else", "x", 1), -EINVAL);
	dp_stop(&dp);

	/* Before anything is started, as the daemon reads them. */
	dp = dp_new(PINS);
	assert_memo(dp, "confirm", big);
	assert_memo(dp, "detached", "");
	assert_dp_ok(dp, sl_dp_start(dp));
	assert_dp_ok(dp, sl_dp_memo_drop(dp, "detached"));
	assert_dp_ok(dp, sl_dp_memo_drop(dp, "detached"));
	assert_int_equal(sl_dp_memo_get(dp, "detached", &text, &size), -ENOENT);
	dp_end(&dp);
	assert_int_not_equal(access(PINS, F_OK), 0);
}

/* What was prepared is not in force, and what was not cannot be. */
static void test_prepare_and_commit(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_diag diag = {};
	struct sl_conf *conf = NULL;

	(void)state;
	rules_apply(dp, "chain ingress { one: udp dport 7 drop }");
	assert_int_equal(sl_dp_commit(dp), -EINVAL);
	assert_int_equal(
		sl_conf_parse(&conf, "test", ".", "chain ingress { two: tcp drop }", &diag), 0);
	assert_dp_ok(dp, sl_dp_prepare(dp, conf, &diag));
	assert_int_equal(sl_dp_ruleset(dp)->generation, 1);
	assert_becomes(rule_count(dp, "one"), 0);
	assert_dp_ok(dp, sl_dp_commit(dp));
	assert_int_equal(sl_dp_ruleset(dp)->generation, 2);
	assert_becomes(rule_count(dp, "two"), 0);
	assert_int_equal(sl_dp_commit(dp), -EINVAL);
	sl_conf_freep(&conf);
	dp_end(&dp);
}

static void test_run(void **state)
{
	static unsigned char frame[70000], out[70000];
	struct sl_trace trace;
	struct sl_dp *dp = NULL;
	struct sl_dp *second = NULL;
	size_t sizes[] = { 60, 1514, 3600, 9014, 65549 };
	size_t len, i;

	(void)state;
	dp = dp_new(NULL);
	assert_dp_ok(dp, sl_dp_start(dp));
	dp_remember(dp);
	rules_apply(
		dp,
		"chain ingress { no7: udp dport 7 drop }\nchain egress { out7: udp dport 7 drop }");
	assert_int_equal(sl_dp_new(&second, NULL), 0);
	assert_int_equal(sl_dp_start(second), -EEXIST);
	sl_dp_freep(&second);

	assert_dp_ok(dp, sl_dp_load_for_run(dp, SL_HOOK_XDP));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		frame_make(frame, sizes[i], 7);
		assert_dp_ok(dp, sl_dp_run(dp, frame, sizes[i], 0, &trace, out, sizeof(out), &len));
		assert_int_equal(trace.verdict, SL_DROP);
		assert_int_equal(trace.length, sizes[i]);
		assert_int_equal(trace.key.dport, 7);
		assert_int_equal(trace.payload_length, sizes[i] - 42);
		assert_int_equal(len, sizes[i]);
		assert_memory_equal(frame, out, len);
	}
	frame_make(frame, 100, 7);
	for (i = 14; i < 100; i++) {
		int err = sl_dp_run(dp, frame, 100, i, &trace, NULL, 0, NULL);

		if (err == -EOPNOTSUPP)
			break;
		assert_dp_ok(dp, err);
		assert_int_equal(trace.verdict, SL_DROP);
		assert_int_equal(trace.length, 100);
	}
	print_message("linear part: %s\n", i == 100 ? "14 to 99" : sl_dp_error(dp));
	assert_dp_ok(dp, sl_dp_run(dp, frame, 13, 0, &trace, out, sizeof(out), &len));
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_equal(trace.reason, SL_REASON_SHORT_ETHERNET);

	assert_dp_ok(dp, sl_dp_load_for_run(dp, SL_HOOK_TC_EGRESS));
	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i / 2];
		int err;

		frame_make(frame, size, 7 + i % 2);
		err = sl_dp_run(dp, frame, size, 0, &trace, out, sizeof(out), &len);
		if (err) {
			print_message("tc: %s\n", sl_dp_error(dp));
			assert_int_equal(err, -EMSGSIZE);
			continue;
		}
		assert_int_equal(trace.verdict, i % 2 ? SL_ACCEPT : SL_DROP);
		assert_int_equal(trace.length, size);
		if (trace.verdict == SL_DROP)
			continue;
		assert_int_equal(len, size);
		assert_memory_equal(frame, out, len);
	}
	dp_stop(&dp);
	assert_nothing_left();
}

static void test_one_process_at_a_time(void **state)
{
	struct sl_dp *dp = dp_started(), *other = NULL;

	(void)state;
	assert_int_equal(sl_dp_new(&other, PINS), 0);
	assert_int_equal(sl_dp_start(other), -EBUSY);
	assert_non_null(strstr(sl_dp_error(other), "in use by another process"));
	assert_int_equal(sl_dp_remove(other), -EBUSY);
	sl_dp_freep(&other);
	dp_end(&dp);
	/* Nothing to remove is no error. */
	dp = dp_new(PINS);
	assert_dp_ok(dp, sl_dp_remove(dp));
	dp_stop(&dp);
}

/* The last step of an attach fails: what ran before runs on, unchanged. */
static void test_all_or_nothing(void **state)
{
	static const struct sl_conf_iface tc_in = { .tc = { true, false } };
	struct sl_dp *dp = dp_started();
	struct sl_dp_iface before, after;

	(void)state;
	if (sh("tc qdisc add dev sl0 clsact 2>/dev/null")) {
		dp_end(&dp);
		skip();
	}
	rules_apply(dp, "chain ingress { all8: udp dport 8 accept }");
	dp->no_tcx = true;
	foreign_filter(index_of("sl0"), 0x534c, 0x534c);
	assert_true(sl_dp_attach(dp, index_of("sl0"), &all) < 0);
	assert_non_null(strstr(sl_dp_error(dp), "tc-egress: attach to 'sl0' failed"));
	assert_int_equal(iface_of(dp, "sl0").ifindex, 0);
	assert_int_not_equal(access(PINS "/if", F_OK), 0);
	assert_int_not_equal(sh("ip -d link show | grep -q 'prog/xdp'"), 0);

	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &tc_in));
	before = iface_of(dp, "sl0");
	build_forget(dp, "sl0");
	assert_true(sl_dp_attach(dp, index_of("sl0"), &all) < 0);
	after = iface_of(dp, "sl0");
	assert_memory_equal(&before, &after, sizeof(before));
	frames_send("sl1", 10, 100, 8);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_ACCEPT), 10);
	assert_int_equal(sh("tc filter del dev sl0 egress"), 0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	assert_int_equal(sh("tc qdisc del dev sl0 clsact"), 0);
	assert_dp_ok(dp, sl_dp_detach(dp, index_of("sl0")));
	dp_end(&dp);
}

/* --- kill -9 in the middle --- */

static void change_for_ever(bool modes)
{
	struct sl_dp *dp = NULL;
	int i;

	if (sl_dp_new(&dp, PINS) || sl_dp_start(dp))
		_exit(2);
	for (i = 0;; i++) {
		build_forget(dp, "sl0");
		if (sl_dp_attach(dp, index_of("sl0"), modes && i % 3 == 1 ? &generic : &all))
			_exit(3);
		if (modes && i % 3 == 2 && sl_dp_attach(dp, index_of("sl0"), &xdp_only))
			_exit(4);
	}
}

/* A child changes what is attached and is killed; returns false when it ended by itself. */
static bool change_and_die(bool modes, useconds_t after)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		change_for_ever(modes);
	usleep(after);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		print_error("child: exit %d\n", WEXITSTATUS(status));
	return WIFSIGNALED(status);
}

static void killed_often(bool modes, int times)
{
	struct sl_dp *dp = dp_started();
	struct traffic *traffic;
	__u64 sent, sum;
	int i;

	rules_apply(dp, "chain ingress { all8: udp dport 8 accept }");
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	dp_stop(&dp);
	traffic = traffic_start();
	srand(7);
	for (i = 0; i < times; i++) {
		assert_true(change_and_die(modes, 50000 + (useconds_t)rand() % 1500000));
		dp = dp_started();
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
		if (i < times - 1)
			dp_stop(&dp);
	}
	sent = traffic_stop(traffic);
	sum = judged_at_least(dp, "sl0", sent);
	print_message("killed %d times, %llu frames, %lld judged twice\n", times,
		      (unsigned long long)sent, (long long)(sum - sent));
	assert_true(modes ? sum >= sent : sum == sent);
	frames_send("sl1", 10, 100, 8);
	assert_becomes(judged(dp, "sl0"), sum + 10);
	dp_end(&dp);
}

static void test_killed_while_upgrading(void **state)
{
	(void)state;
	killed_often(false, 10);
}

static void test_killed_while_changing_modes(void **state)
{
	(void)state;
	killed_often(true, 10);
}

/* --- with no more than the daemon keeps --- */

static int caps_drop_to(__u64 caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (__u32)caps, .permitted = (__u32)caps },
		{ .effective = (__u32)(caps >> 32), .permitted = (__u32)(caps >> 32) },
	};

	return (int)syscall(SYS_capset, &header, data);
}

static int with_three_caps(void)
{
	_cleanup_free_ struct sl_dp_iface *list = NULL;
	_cleanup_(sl_dp_freep) struct sl_dp *dp = NULL;
	size_t count = 0;

	if (caps_drop_to(1ULL << CAP_BPF | 1ULL << CAP_PERFMON | 1ULL << CAP_NET_ADMIN))
		return 1;
	if (sl_dp_new(&dp, PINS) || sl_dp_start(dp) || sl_dp_attach(dp, index_of("sl0"), &all) ||
	    sl_dp_ifaces(dp, &list, &count) || count != 1 || list->xdp != SL_XDP_SINGLE ||
	    list->tc[0] != SL_TC_TCX) {
		fprintf(stderr, "%s\n", sl_dp_error(dp));
		return 2;
	}
	build_forget(dp, "sl0");
	if (sl_dp_attach(dp, index_of("sl0"), &all) || sl_dp_remove(dp)) {
		fprintf(stderr, "%s\n", sl_dp_error(dp));
		return 3;
	}
	fprintf(stderr, "with three capabilities: %s\n", list->xdp_why);
	return access(PINS, F_OK) ? 0 : 4;
}

static int with_no_caps(void)
{
	_cleanup_(sl_dp_freep) struct sl_dp *dp = NULL;

	if (caps_drop_to(0) || sl_dp_new(&dp, PINS) || sl_dp_start(dp) != -EPERM)
		return 1;
	fprintf(stderr, "with none: %s\n", sl_dp_error(dp));
	return access(PINS, F_OK) ? 0 : 4;
}

/* In a process of its own: libxdp remembers what it could do before. */
static int again_as(const char *role)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "test_dp", role, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_capabilities(void **state)
{
	(void)state;
	assert_int_equal(again_as("--with-three-caps"), 0);
	assert_int_equal(again_as("--with-no-caps"), 0);
}

/* --- others in the dispatcher --- */

static int xdp_loader(const char *arguments)
{
	char command[256];

	snprintf(command, sizeof(command), "xdp-loader %s >/dev/null 2>&1", arguments);
	return sh(command);
}

static int members(void)
{
	return sh("exit $(xdp-loader status sl0 | grep -c ' => ')");
}

#define FOREIGN_OBJECT "/usr/lib/x86_64-linux-gnu/bpf/xdpfilt_alw_all.o"

static void test_beside_others(void **state)
{
	struct sl_dp *dp = dp_started();
	struct sl_conf_iface want = all;

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	if (iface_of(dp, "sl0").xdp != SL_XDP_DISPATCHER ||
	    xdp_loader("load -p " PINS "/../foreign -m native sl0 " FOREIGN_OBJECT)) {
		dp_end(&dp);
		skip();
	}
	assert_int_equal(members(), 2);
	assert_int_equal(iface_of(dp, "sl0").xdp, SL_XDP_DISPATCHER);
	want.priority = 5; /* before the other, whose own is 10 */
	upgrade(dp, &want);
	assert_int_equal(members(), 2);
	frames_send("sl1", 10, 100, 8);
	assert_becomes(judged(dp, "sl0"), 10);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_ACCEPT), 0);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &tc_only));
	assert_int_equal(members(), 1);
	frames_send("sl1", 10, 100, 8);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_TC_INGRESS, SL_ACCEPT), 10);
	/* The other is there first. */
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	assert_int_equal(members(), 2);
	assert_int_equal(sl_dp_attach(dp, index_of("sl0"), &generic), -EBUSY);
	assert_non_null(strstr(sl_dp_error(dp), "take that mode for the interface"));
	assert_int_equal(members(), 2);
	assert_int_equal(iface_of(dp, "sl0").tc[1], SL_TC_TCX);
	assert_int_equal(xdp_loader("unload sl0 --all"), 0);
	assert_int_equal(iface_of(dp, "sl0").xdp, SL_XDP_NONE);
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	frames_send("sl1", 10, 100, 8);
	assert_becomes(count_of(dp, "sl0", SL_HOOK_XDP, SL_ACCEPT), 20);
	sh("rm -rf /sys/fs/bpf/foreign");
	dp_end(&dp);
}

static char *many_rules(unsigned int count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	unsigned int i;

	fprintf(file, "chain ingress {\n");
	for (i = 0; i < count; i++)
		fprintf(file, "r%u: ip saddr 10.%u.%u.%u udp dport %u drop\n", i, i >> 16 & 255,
			i >> 8 & 255, i & 255, 1000 + i % 60000);
	fprintf(file, "}\n");
	fclose(file);
	return text;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_many_rules(void **state)
{
	_cleanup_free_ char *text = many_rules(20000);
	struct sl_dp *dp = dp_started();
	struct sl_conf *conf = NULL;
	struct sl_diag diag = {};
	double start;
	int i;

	(void)state;
	assert_int_equal(sl_conf_parse(&conf, "many", ".", text, &diag), 0);
	for (i = 0; i < 3; i++) {
		start = seconds();
		assert_dp_ok(dp, sl_dp_apply(dp, conf, &diag));
		print_message("20000 rules applied in %.0f ms\n", (seconds() - start) * 1e3);
		assert_int_equal(sl_dp_ruleset(dp)->generation, i + 1);
		assert_becomes(rule_count(dp, "r19999"), 0);
		assert_int_equal(conf->rules[19999].slot, 20000);
	}
	sl_conf_freep(&conf);
	sl_diag_clear(&diag);
	dp_end(&dp);
}

static int fds_open(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_no_descriptors_leak(void **state)
{
	struct sl_dp *dp = dp_started();
	int before, i;

	(void)state;
	assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	before = fds_open();
	for (i = 0; i < 3; i++) {
		build_forget(dp, "sl0");
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &generic));
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &off));
		assert_dp_ok(dp, sl_dp_attach(dp, index_of("sl0"), &all));
	}
	assert_int_equal(fds_open(), before);
	dp_end(&dp);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_start_and_remove, clean_up),
		cmocka_unit_test_teardown(test_attach_all, clean_up),
		cmocka_unit_test_teardown(test_same_again_changes_nothing, clean_up),
		cmocka_unit_test_teardown(test_adopt, clean_up),
		cmocka_unit_test_teardown(test_detach_frees_the_interface, clean_up),
		cmocka_unit_test_teardown(test_generic, clean_up),
		cmocka_unit_test_teardown(test_auto_falls_back, clean_up),
		cmocka_unit_test_teardown(test_jumbo, clean_up),
		cmocka_unit_test_teardown(test_clsact, clean_up),
		cmocka_unit_test_teardown(test_busy, clean_up),
		cmocka_unit_test_teardown(test_not_ethernet, clean_up),
		cmocka_unit_test_teardown(test_other_layout, clean_up),
		cmocka_unit_test_teardown(test_dispatcher_left_behind, clean_up),
		cmocka_unit_test_teardown(test_stray_program, clean_up),
		cmocka_unit_test_teardown(test_interface_gone, clean_up),
		cmocka_unit_test_teardown(test_apply_keeps_counters, clean_up),
		cmocka_unit_test_teardown(test_memos, clean_up),
		cmocka_unit_test_teardown(test_prepare_and_commit, clean_up),
		cmocka_unit_test_teardown(test_run, clean_up),
		cmocka_unit_test_teardown(test_one_process_at_a_time, clean_up),
		cmocka_unit_test_teardown(test_all_or_nothing, clean_up),
		cmocka_unit_test_teardown(test_capabilities, clean_up),
		cmocka_unit_test_teardown(test_many_rules, clean_up),
		cmocka_unit_test_teardown(test_no_descriptors_leak, clean_up),
		cmocka_unit_test_teardown(test_beside_others, clean_up),
		cmocka_unit_test_teardown(test_upgrade_under_traffic, clean_up),
		cmocka_unit_test_teardown(test_modes_under_traffic, clean_up),
		cmocka_unit_test_teardown(test_killed_while_upgrading, clean_up),
		cmocka_unit_test_teardown(test_killed_while_changing_modes, clean_up),
	};

	if (geteuid()) {
		printf("1..0 # skip needs root\n");
		return 77;
	}
	if (argc > 1 && !strcmp(argv[1], "--with-three-caps"))
		return with_three_caps();
	if (argc > 1 && !strcmp(argv[1], "--with-no-caps"))
		return with_no_caps();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, topology, topology_end);
}
