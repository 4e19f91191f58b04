// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Replay at TC of what the kernel's test run refuses: before Linux 7.0 it takes no frame longer
 * than a page, and no version takes an IP packet below 20 bytes. Such a frame goes over a tap
 * device in a network namespace that nothing else is in, with the program at its hook. Both ways
 * run the hook within the system call: at ingress the write() that hands the frame to the device,
 * at egress the sendto() through it.
 *
 * What the program lets pass comes out of the device. At ingress a second program behind it sends
 * it there: it never reaches a network stack that might answer.
 */

#include "dp.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "private.h"

#define TAP_NAME "replay"
#define TAP_MTU	 (65535 - ETH_HLEN) /* the most that the driver takes */

/* How long the device may keep a frame that was let pass. */
#define OUT_MS 1000

struct dp_tap {
	int tap;
	int sock; /* sends through the device; for egress */
	int link;
	int back_prog;
	int back_link;
	int ifindex;
	bool egress;
};

void dp_tap_freep(struct dp_tap **tap)
{
	if (!*tap)
		return;
	dp_closep(&(*tap)->back_link);
	dp_closep(&(*tap)->back_prog);
	dp_closep(&(*tap)->link);
	dp_closep(&(*tap)->sock);
	dp_closep(&(*tap)->tap);
	free(*tap);
	*tap = NULL;
}

/* The kernel's own packets of IPv6 would be judged, too. Where there is no IPv6, there are none. */
static void silence_ip6(void)
{
	_cleanup_close_ int fd =
		open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1", 1) < 0)
		return;
}

static int make_device(struct dp_tap *tap)
{
	struct ifreq req = { .ifr_name = TAP_NAME };

	silence_ip6();
	tap->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	tap->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (tap->tap < 0 || tap->sock < 0)
		return -errno;
	req.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(tap->tap, TUNSETIFF, &req))
		return -errno;
	req.ifr_mtu = TAP_MTU;
	if (ioctl(tap->sock, SIOCSIFMTU, &req))
		return -errno;
	req.ifr_flags = IFF_UP;
	if (ioctl(tap->sock, SIOCSIFFLAGS, &req) || ioctl(tap->sock, SIOCGIFINDEX, &req))
		return -errno;
	tap->ifindex = req.ifr_ifindex;
	return 0;
}

/* return bpf_redirect(ifindex, 0): out of the device at once */
static int load_back(int ifindex)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = ifindex },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "replay_back", "GPL", code, ARRAY_SIZE(code),
			     NULL);
}

/* A link without a position stands behind those that are there. */
static int attach(struct dp_tap *tap, int prog)
{
	enum bpf_attach_type hook = tap->egress ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;

	tap->link = bpf_link_create(prog, tap->ifindex, hook, NULL);
	if (tap->link < 0 || tap->egress)
		return tap->link < 0 ? tap->link : 0;
	tap->back_prog = load_back(tap->ifindex);
	if (tap->back_prog < 0)
		return tap->back_prog;
	tap->back_link = bpf_link_create(tap->back_prog, tap->ifindex, hook, NULL);
	return tap->back_link < 0 ? tap->back_link : 0;
}

int dp_tap_new(struct dp_tap **out, enum sl_hook hook, int prog)
{
	_cleanup_(dp_tap_freep) struct dp_tap *tap = calloc(1, sizeof(*tap));
	_cleanup_close_ int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int err;

	if (!tap)
		return -ENOMEM;
	*tap = (struct dp_tap) { .tap = -1,
				 .sock = -1,
				 .link = -1,
				 .back_prog = -1,
				 .back_link = -1,
				 .egress = hook == SL_HOOK_TC_EGRESS };
	if (home < 0 || unshare(CLONE_NEWNET))
		return -errno;
	err = make_device(tap);
	if (!err)
		err = attach(tap, prog);
	if (setns(home, CLONE_NEWNET))
		return -errno;
	if (err)
		return err;
	*out = TAKE_PTR(tap);
	return 0;
}

static int send_frame(const struct dp_tap *tap, const void *frame, size_t len)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = tap->ifindex };
	ssize_t sent;

	if (tap->egress)
		sent = sendto(tap->sock, frame, len, 0, (struct sockaddr *)&to, sizeof(to));
	else
		sent = write(tap->tap, frame, len);
	/* ENOBUFS: that is how a packet socket calls a frame that the hook dropped. */
	return sent < 0 && errno != ENOBUFS ? -errno : 0;
}

int dp_tap_send(struct dp_tap *tap, const void *frame, size_t len)
{
	char old;

	/* Whatever was not waited for. */
	while (read(tap->tap, &old, sizeof(old)) >= 0)
		;
	return send_frame(tap, frame, len);
}

int dp_tap_receive(struct dp_tap *tap, void *out, size_t max, size_t *out_len)
{
	struct pollfd ready = { .fd = tap->tap, .events = POLLIN };
	ssize_t got;

	if (poll(&ready, 1, OUT_MS) != 1)
		return -ETIMEDOUT;
	got = read(tap->tap, out, max);
	if (got < 0)
		return -errno;
	*out_len = (size_t)got;
	return 0;
}
