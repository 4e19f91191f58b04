// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * The programs attached, in a network namespace of their own. A tap device with IFF_NAPI_FRAGS
 * makes an skb whose linear part and fragments are the pieces that writev() is given: so each row
 * goes through TC with the boundary at each byte of its headers, at ingress of the tap and,
 * redirected, at egress of a veth. The stack takes the outer tag out of the frame before TC: what
 * the rules see of it must not change.
 */

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "lab.h"
#include "names.h"

#define PAGE	    4096U
#define PATIENCE_MS 60000

asm(".section .rodata\n.balign 8\nlinear_begin:\n.incbin \"" PROG_LINEAR_OBJECT
    "\"\nlinear_end:\n.previous\n");
extern const char linear_begin[], linear_end[];

static const struct rows *const all_rows[] = {
	&rows_link, &rows_ip4, &rows_ip6, &rows_transport, &rows_fragment,
};

static const char *no_live; /* why there is no live test here */
static int tap = -1;
static struct bpf_object *linear_object;
static int linear_prog, forward_prog, linear_map;
static struct policy *policy;

static struct {
	__u32 linear, length, tagged, gso_size;
} seen;

/* --- the devices --- */

static int sh(const char *command)
{
	int status = system(command);

	if (status)
		fprintf(stderr, "failed: %s\n", command);
	return status ? -EIO : 0;
}

static int tap_open(void)
{
	struct ifreq ifr = { .ifr_name = "tap0" };

	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tap < 0)
		return -errno;
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS;
	return ioctl(tap, TUNSETIFF, &ifr) ? -errno : 0;
}

static int linear_load(void)
{
	__u32 target = if_nametoindex("va");
	struct bpf_program *prog;
	struct bpf_map *map;

	linear_object =
		bpf_object__open_mem(linear_begin, (size_t)(linear_end - linear_begin), NULL);
	if (!linear_object)
		return -errno;
	map = bpf_object__find_map_by_name(linear_object, ".rodata");
	if (!map || bpf_map__set_initial_value(map, &target, sizeof(target)) ||
	    bpf_object__load(linear_object))
		return -EINVAL;
	prog = bpf_object__find_program_by_name(linear_object, "linear");
	linear_prog = bpf_program__fd(prog);
	forward_prog = bpf_program__fd(bpf_object__find_program_by_name(linear_object, "forward"));
	linear_map = bpf_map__fd(bpf_object__find_map_by_name(linear_object, ".bss"));
	return linear_map < 0 ? linear_map : 0;
}

static int setup(void **state)
{
	int err = lab_setup(state);

	if (err)
		return err;
	no_live = lab_no_kernel;
	if (no_live)
		return 0;
	if (unshare(CLONE_NEWNET)) {
		no_live = "CAP_SYS_ADMIN is missing";
		return 0;
	}
	if (access("/dev/net/tun", R_OK | W_OK)) {
		no_live = "/dev/net/tun is missing";
		return 0;
	}
	err = tap_open();
	if (err)
		return err;
	/* GRO would pull the headers together before TC sees them. */
	if (sh("exec 2>&1; for c in all default; do"
	       " echo 1 > /proc/sys/net/ipv6/conf/$c/disable_ipv6; done;"
	       " ip link add va mtu 65500 type veth peer name vb mtu 65500 &&"
	       " ip link set tap0 mtu 65500 up && ip link set va up && ip link set vb arp off up &&"
	       " ethtool -K tap0 gro off"))
		return -EIO;
	policy = policy_new("chain ingress { policy accept }\nchain egress { policy accept }\n");
	return linear_load();
}

static int teardown(void **state)
{
	bpf_object__close(linear_object);
	if (tap >= 0)
		close(tap);
	return lab_teardown(state);
}

#define SKIP_UNLESS_LIVE()                                    \
	do {                                                  \
		if (no_live) {                                \
			print_message("skip: %s\n", no_live); \
			skip();                               \
		}                                             \
	} while (0)

static int attach(int prog_fd, const char *ifname, enum bpf_attach_type where)
{
	int link = bpf_link_create(prog_fd, (int)if_nametoindex(ifname), where, NULL);

	assert_return_code(link, -link);
	return link;
}

/* --- one frame, in pieces --- */

/* Pieces: linear bytes, then `singles` of one byte, then the rest in pages. */
static bool send_pieces(const struct frame *frame, size_t linear, size_t singles)
{
	struct iovec iov[18];
	size_t at = 0, n = 0;

	while (at < frame->len) {
		size_t left = frame->len - at;
		size_t size = n == 0 ? linear : n <= singles ? 1 : PAGE;

		if (n == sizeof(iov) / sizeof(*iov))
			return false;
		iov[n].iov_base = (char *)frame->bytes + at;
		iov[n].iov_len = size < left ? size : left;
		at += iov[n++].iov_len;
	}
	assert_int_equal(writev(tap, iov, (int)n), frame->len);
	return true;
}

static bool is_tag(const __u8 *p)
{
	return (p[0] == 0x81 && p[1] == 0) || (p[0] == 0x88 && p[1] == 0xa8);
}

/* The frame as TC gets it: its outer tag beside it. False when the stack drops it before. */
static bool as_tc_sees(const struct frame *frame, struct frame *out)
{
	static __u8 buf[PACKET_MAX];
	const __u8 *bytes = frame->bytes;

	*out = *frame;
	if (frame->len < 14)
		return false;
	if (!is_tag(bytes + 12))
		return true;
	/* skb_vlan_untag() wants two bytes behind the tag. */
	if (frame->len < 20)
		return false;
	memcpy(buf, bytes, 12);
	memcpy(buf + 12, bytes + 16, frame->len - 16);
	*out = (struct frame) {
		.bytes = buf,
		.len = frame->len - 4,
		.has_tag = true,
		.tci = (__u16)(bytes[14] << 8 | bytes[15]),
	};
	return true;
}

static unsigned long in_pieces; /* skbs that were not linear when TC saw them */

/* The same packet judged with its tag in the frame: all but the offsets must be alike. */
static bool same_but_for_the_tag(const struct sl_trace *in, const struct sl_trace *beside)
{
	return !memcmp(&in->key, &beside->key, sizeof(in->key)) && in->verdict == beside->verdict &&
	       in->reason == beside->reason && in->slot == beside->slot &&
	       in->payload_length == beside->payload_length;
}

/* Sends it and checks what TC said, and that the boundary was where it should be. */
static bool check_pieces(const struct frame *frame, size_t linear, size_t singles, enum way way)
{
	void *found = kernel_arena + SL_ARENA_TRACE;
	struct sl_trace host, whole, trace;
	struct frame tc;
	__u32 zero = 0;

	if (!as_tc_sees(frame, &tc))
		return true;
	memset(found, 0, sizeof(trace));
	if (!send_pieces(frame, linear, singles))
		return true;
	memcpy(&trace, found, sizeof(trace));
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
	tc.linear = linear < tc.len ? linear : 0;
	host_run(way_hook(way), way_slot(way), &tc, &host);
	host_frags_clear();
	host_run(way_hook(way), way_slot(way), frame, &whole);
	host_frags_clear();
	if (!lab_same(way_names[way], &tc, &trace, &host))
		return false;
	if (!same_but_for_the_tag(&whole, &host)) {
		lab_print("tag in frame", &whole);
		lab_print("tag beside it", &host);
		return false;
	}
	bpf_map_lookup_elem(linear_map, &zero, &seen);
	in_pieces += seen.linear < seen.length;
	/* Who takes a tag out pulls bytes together. */
	if (!tc.has_tag && linear < frame->len && seen.linear != linear) {
		fprintf(stderr, "linear part is %u, not %zu\n", seen.linear, linear);
		return false;
	}
	return !!seen.tagged == tc.has_tag;
}

static void row_in_pieces(const struct row *row, enum way way)
{
	struct frame frame = lab_frame(row->frame);
	size_t last = row->want && row->want->payload ? row->want->payload + 12 : 90;

	if (row->is_gso || frame.len < 15 || frame.len > 65000)
		return;
	for (size_t linear = 14; linear < last && linear <= frame.len; linear++) {
		assert_true(check_pieces(&frame, linear, 0, way));
		if (linear % 5 == 0)
			assert_true(check_pieces(&frame, linear, 13, way));
	}
}

static void all_rows_in_pieces(enum way way, const char *ifname, enum bpf_attach_type where)
{
	int first = attach(linear_prog, ifname, where);
	int link = attach(kernel_prog_fd(way), ifname, where);

	in_pieces = 0;
	policy_use(policy, policy_drops(policy));
	kernel_frags_clear();
	host_frags_clear();
	for (size_t i = 0; i < sizeof(all_rows) / sizeof(*all_rows); i++) {
		for (size_t j = 0; j < all_rows[i]->count; j++)
			row_in_pieces(&all_rows[i]->rows[j], way);
	}
	close(link);
	close(first);
	print_message("%lu packets in pieces\n", in_pieces);
	assert_true(in_pieces > 5000);
}

static void test_ingress_in_pieces(void **state)
{
	(void)state;
	SKIP_UNLESS_LIVE();
	all_rows_in_pieces(WAY_TC_IN, "tap0", BPF_TCX_INGRESS);
}

static void test_egress_in_pieces(void **state)
{
	int forward;

	(void)state;
	SKIP_UNLESS_LIVE();
	forward = attach(forward_prog, "tap0", BPF_TCX_INGRESS);
	all_rows_in_pieces(WAY_TC_OUT, "va", BPF_TCX_EGRESS);
	close(forward);
}

/* --- a VLAN device --- */

static int packet_socket(const char *ifname)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	return fd;
}

/* Sends through the VLAN device and compares with the frame that has its tag in it. */
static void over_vlan(enum way way, const char *ifname, enum bpf_attach_type where)
{
	const volatile struct sl_trace *found = (void *)(kernel_arena + SL_ARENA_TRACE);
	struct timespec pause = { .tv_nsec = 1000000 };
	struct frame frame = lab_frame(pkt(eth(), vlan(.id = 5), ip4(), udp(), data(20)));
	int link = attach(kernel_prog_fd(way), ifname, where), fd = packet_socket("va.5");
	struct sl_trace in_frame, trace;

	host_run(way_hook(way), way_slot(way), &frame, &in_frame);
	frame = lab_frame(pkt(eth(), ip4(), udp(), data(20)));
	memset((void *)found, 0, sizeof(*found));
	assert_int_equal(send(fd, frame.bytes, frame.len, 0), frame.len);
	/* A trace may be seen before it is whole. */
	for (int i = 0; i < PATIENCE_MS; i++) {
		trace = *found;
		if (trace.length && same_but_for_the_tag(&in_frame, &trace))
			break;
		nanosleep(&pause, NULL);
	}
	assert_true(same_but_for_the_tag(&in_frame, &trace));
	close(fd);
	close(link);
}

static void test_vlan_device(void **state)
{
	static const char *const settings[] = { "on", "off" };
	char command[200];

	(void)state;
	SKIP_UNLESS_LIVE();
	if (system("ip link add link va name va.5 type vlan id 5 2>/dev/null && ip link set va.5 up")) {
		print_message("skip: this kernel has no VLAN devices (CONFIG_VLAN_8021Q)\n");
		skip();
	}
	policy_use(policy, policy_drops(policy));
	for (size_t i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
			 "ethtool -K va txvlan %s rxvlan %s && ethtool -K vb txvlan %s rxvlan %s",
			 settings[i], settings[i], settings[i], settings[i]);
		assert_return_code(sh(command), 0);
		over_vlan(WAY_TC_OUT, "va", BPF_TCX_EGRESS);
		over_vlan(WAY_TC_IN, "vb", BPF_TCX_INGRESS);
	}
	sh("ip link del va.5");
}

/* --- counters --- */

#define TIMES 20000U

static struct frame counted;
static __u8 counted_bytes[PACKET_MAX];

static void *write_counted(void *arg)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((int)(intptr_t)arg, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (unsigned int i = 0; i < TIMES; i++) {
		if (write(tap, counted.bytes, counted.len) != (ssize_t)counted.len)
			return "write to the tap failed";
	}
	return NULL;
}

static int sender;

static void *send_counted(void *arg)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((int)(intptr_t)arg, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (unsigned int i = 0; i < TIMES; i++) {
		if (send(sender, counted.bytes, counted.len, 0) != (ssize_t)counted.len)
			i--; /* the device's queue is full */
	}
	return NULL;
}

/* How many threads ran, one on each CPU. */
static unsigned int on_every_cpu(void *(*run)(void *))
{
	pthread_t threads[16];
	unsigned int n = 0;
	cpu_set_t set;

	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && n < 16; cpu++) {
		if (CPU_ISSET(cpu, &set))
			assert_int_equal(
				pthread_create(&threads[n++], NULL, run, (void *)(intptr_t)cpu), 0);
	}
	for (unsigned int i = 0; i < n; i++) {
		void *problem;

		pthread_join(threads[i], &problem);
		assert_null(problem);
	}
	return n;
}

static void count_frame(const struct layer *layers)
{
	counted = (struct frame) { .bytes = counted_bytes,
				   .len = packet_build(counted_bytes, layers) };
}

static void check_gain(enum way way, const struct sl_hook_stats *before, __u64 packets)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	struct sl_hook_stats now;
	__u64 got = 0;

	/* The last ones may still be on their way. */
	for (int i = 0; i < PATIENCE_MS; i++) {
		now = kernel_hook_stats(way_slot(way), way_hook(way));
		got = now.verdict[SL_ACCEPT].packets - before->verdict[SL_ACCEPT].packets;
		if (got >= packets)
			break;
		nanosleep(&pause, NULL);
	}
	nanosleep(&pause, NULL);
	now = kernel_hook_stats(way_slot(way), way_hook(way));
	assert_int_equal(now.verdict[SL_ACCEPT].packets - before->verdict[SL_ACCEPT].packets,
			 packets);
	assert_int_equal(now.verdict[SL_ACCEPT].bytes - before->verdict[SL_ACCEPT].bytes,
			 packets * counted.len);
	for (int v = 0; v < SL_VERDICT_MAX_; v++) {
		if (v != SL_ACCEPT)
			assert_int_equal(now.verdict[v].packets, before->verdict[v].packets);
	}
}

static void test_tc_counts_on_every_cpu(void **state)
{
	struct sl_counter rule, now;
	struct sl_hook_stats before;
	unsigned int threads;
	__u32 slot;
	int link;

	(void)state;
	SKIP_UNLESS_LIVE();
	policy_use(policy, policy_drops(policy));
	slot = policy_slot(policy, "ingress", "policy");
	link = attach(kernel_prog_fd(WAY_TC_IN), "tap0", BPF_TCX_INGRESS);
	count_frame(pkt(eth(), ip4(), udp(), data(200)));
	before = kernel_hook_stats(way_slot(WAY_TC_IN), SL_HOOK_TC_INGRESS);
	rule = kernel_rule_counter(slot);
	threads = on_every_cpu(write_counted);
	check_gain(WAY_TC_IN, &before, (__u64)threads * TIMES);
	now = kernel_rule_counter(slot);
	assert_int_equal(now.packets - rule.packets, threads * TIMES);
	assert_int_equal(now.bytes - rule.bytes, threads * TIMES * counted.len);
	close(link);
}

static void xdp_counts(const struct layer *layers)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	struct sl_hook_stats before;
	int ifindex = (int)if_nametoindex("va");
	unsigned int threads;

	count_frame(layers);
	before = kernel_hook_stats(way_slot(WAY_XDP), SL_HOOK_XDP);
	assert_return_code(
		bpf_xdp_attach(ifindex, kernel_prog_fd(WAY_XDP), XDP_FLAGS_DRV_MODE, &opts), 0);
	sender = packet_socket("vb");
	threads = on_every_cpu(send_counted);
	check_gain(WAY_XDP, &before, (__u64)threads * TIMES);
	close(sender);
	bpf_xdp_detach(ifindex, XDP_FLAGS_DRV_MODE, &opts);
}

static void test_xdp_counts_on_every_cpu(void **state)
{
	(void)state;
	SKIP_UNLESS_LIVE();
	policy_use(policy, policy_drops(policy));
	xdp_counts(pkt(eth(), ip4(), udp(), data(200)));
}

/* Native XDP with frames of 9000 bytes: most of each is in fragments. */
static void test_xdp_counts_jumbo_frames(void **state)
{
	(void)state;
	SKIP_UNLESS_LIVE();
	policy_use(policy, policy_drops(policy));
	xdp_counts(pkt(eth(), ip6(), udp(), data(8952)));
}

/* --- what the stack itself sends: GSO, GRO, fragments --- */

#define STREAM	 (4U << 20)
#define DATAGRAM 60000U
#define PORT	 5001

static void finish(int fd, bool sends)
{
	static char buf[1 << 16];
	size_t left = STREAM;

	while (left) {
		size_t want = left < sizeof(buf) ? left : sizeof(buf);
		ssize_t n = sends ? write(fd, buf, want) : read(fd, buf, want);

		if (n <= 0)
			_exit(2);
		left -= (size_t)n;
	}
}

static socklen_t address(struct sockaddr_storage *to, int family, const char *text)
{
	struct sockaddr_in *four = (void *)to;
	struct sockaddr_in6 *six = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		four->sin_port = htons(PORT);
		inet_pton(family, text, &four->sin_addr);
		return sizeof(*four);
	}
	six->sin6_port = htons(PORT);
	inet_pton(family, text, &six->sin6_addr);
	return sizeof(*six);
}

/* The other end: takes a stream, sends one, takes a datagram. */
static void far_end(int family, const char *here, int ready)
{
	struct sockaddr_storage at;
	socklen_t len = address(&at, family, here);
	int listener = socket(family, SOCK_STREAM, 0), udp = socket(family, SOCK_DGRAM, 0), fd;
	struct timeval wait = { .tv_sec = PATIENCE_MS / 1000 };
	static char buf[1 << 16];

	if (bind(listener, (void *)&at, len) || listen(listener, 1) || bind(udp, (void *)&at, len))
		_exit(3);
	if (write(ready, "", 1) != 1)
		_exit(4);
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		_exit(5);
	finish(fd, false);
	finish(fd, true);
	setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	_exit(recv(udp, buf, sizeof(buf), 0) == DATAGRAM ? 0 : 6);
}

static void near_end(int family, const char *there)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, family, there);
	int fd = socket(family, SOCK_STREAM, 0), udp = socket(family, SOCK_DGRAM, 0);
	static char buf[DATAGRAM];

	assert_return_code(connect(fd, (void *)&to, len), errno);
	finish(fd, true);
	finish(fd, false);
	assert_int_equal(sendto(udp, buf, DATAGRAM, 0, (void *)&to, len), DATAGRAM);
	close(fd);
	close(udp);
}

/* Of one hook: no reason was met, and some packets were longer than any frame. */
static void check_stack(enum way way, const struct sl_hook_stats *before, __u64 longer)
{
	struct sl_hook_stats now = kernel_hook_stats(way_slot(way), way_hook(way));
	__u64 packets = now.verdict[SL_ACCEPT].packets - before->verdict[SL_ACCEPT].packets;
	__u64 bytes = now.verdict[SL_ACCEPT].bytes - before->verdict[SL_ACCEPT].bytes;

	for (int r = 1; r < SL_REASON_MAX_; r++) {
		if (now.reason[r].packets != before->reason[r].packets)
			fail_msg("%s: %llu packets with reason %s", way_names[way],
				 now.reason[r].packets - before->reason[r].packets,
				 sl_reason_names[r]);
	}
	assert_int_equal(now.verdict[SL_DROP].packets, before->verdict[SL_DROP].packets);
	assert_true(bytes > STREAM);
	assert_true(longer > 0);
	print_message("%s: %llu packets, %llu bytes\n", way_names[way], packets, bytes);
}

static void stack_traffic(int family, const char *here, const char *there, const char *configure)
{
	struct sl_hook_stats in = kernel_hook_stats(way_slot(WAY_TC_IN), SL_HOOK_TC_INGRESS);
	struct sl_hook_stats out = kernel_hook_stats(way_slot(WAY_TC_OUT), SL_HOOK_TC_EGRESS);
	struct policy *by_length =
		policy_new("chain ingress { policy accept\n longer: frame length > 9014 count }\n"
			   "chain egress { policy accept\n longer: frame length > 9014 count }\n");
	int ready[2], go[2], status;
	char command[512], byte;
	pid_t child;

	policy_use(by_length, policy_drops(by_length));
	assert_return_code(pipe(ready), errno);
	assert_return_code(pipe(go), errno);
	child = fork();
	assert_return_code(child, errno);
	if (!child) {
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(1);
		snprintf(command, sizeof(command), "ip link set vd up && ip addr add %s dev vd %s",
			 there, configure);
		if (sh(command))
			_exit(1);
		snprintf(command, sizeof(command), "%.*s", (int)strcspn(there, "/"), there);
		far_end(family, command, ready[1]);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	snprintf(command, sizeof(command),
		 "ip link add vc mtu 9000 type veth peer name vd mtu 9000 &&"
		 " ip link set vd netns %d && ip link set vc up && ip addr add %s dev vc %s",
		 (int)child, here, configure);
	assert_return_code(sh(command), 0);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);

	attach(kernel_prog_fd(WAY_TC_IN), "vc", BPF_TCX_INGRESS);
	attach(kernel_prog_fd(WAY_TC_OUT), "vc", BPF_TCX_EGRESS);
	snprintf(command, sizeof(command), "%.*s", (int)strcspn(there, "/"), there);
	near_end(family, command);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	check_stack(WAY_TC_IN, &in,
		    kernel_rule_counter(policy_slot(by_length, "ingress", "longer")).packets);
	check_stack(WAY_TC_OUT, &out,
		    kernel_rule_counter(policy_slot(by_length, "egress", "longer")).packets);
	sh("ip link del vc");
	close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}

static void test_stack_ipv4(void **state)
{
	(void)state;
	SKIP_UNLESS_LIVE();
	stack_traffic(AF_INET, "10.9.0.1/24", "10.9.0.2/24", "");
}

static void test_stack_ipv6(void **state)
{
	(void)state;
	SKIP_UNLESS_LIVE();
	sh("echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
	stack_traffic(AF_INET6, "2001:db8:9::1/64", "2001:db8:9::2/64", "nodad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ingress_in_pieces),
		cmocka_unit_test(test_egress_in_pieces),
		cmocka_unit_test(test_vlan_device),
		cmocka_unit_test(test_tc_counts_on_every_cpu),
		cmocka_unit_test(test_xdp_counts_on_every_cpu),
		cmocka_unit_test(test_xdp_counts_jumbo_frames),
		cmocka_unit_test(test_stack_ipv4),
		cmocka_unit_test(test_stack_ipv6),
	};

	return cmocka_run_group_tests(tests, setup, teardown) ? 1 : 0;
}
