// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * flood DEVICE COUNT FLOWS PORT-OFFSET FRAME-IN-HEX
 *
 * Sends the frame COUNT times through a veth, with source ports 1024 to 1024 + FLOWS - 1: as fast
 * as the kernel can where it fits into a page (live frames of BPF_PROG_TEST_RUN), through a packet
 * socket where it does not. What pktgen is for, where there is no pktgen.
 *
 * The peer's ring runs full whenever the peer is not scheduled. What it had no room for is sent
 * again, so that at the end it has taken COUNT frames, no more and no fewer.
 */

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>

#include "flood.skel.h"

#define LIVE_MAX  3000U /* a page, less what the kernel puts around the frame */
#define FRAME_MAX 65536U
#define STATS_MAX 1024U

struct flood {
	const char *device;
	unsigned int ifindex;
	unsigned int count;
	unsigned int flows;
	unsigned int port_at;
	size_t length;
	unsigned char frame[FRAME_MAX];
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(err));
	return 1;
}

static int ethtool(int sock, const char *device, void *request)
{
	struct ifreq ifr = { .ifr_data = request };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	return ioctl(sock, SIOCETHTOOL, &ifr) ? -errno : 0;
}

/* Frames redirected to the device that its peer took, as veth counts them: tx_queue_N_xdp_xmit. */
static int frames_taken(int sock, const char *device, __u64 *taken)
{
	static struct {
		struct ethtool_gstrings head;
		char names[STATS_MAX][ETH_GSTRING_LEN];
	} strings;
	static struct {
		struct ethtool_stats head;
		__u64 values[STATS_MAX];
	} stats;
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	unsigned int found = 0;
	int err;

	err = ethtool(sock, device, &info);
	if (err)
		return err;
	if (info.n_stats > STATS_MAX)
		return -E2BIG;
	strings.head = (struct ethtool_gstrings) { ETHTOOL_GSTRINGS, ETH_SS_STATS, info.n_stats };
	stats.head = (struct ethtool_stats) { ETHTOOL_GSTATS, info.n_stats };
	err = ethtool(sock, device, &strings);
	if (!err)
		err = ethtool(sock, device, &stats);
	if (err)
		return err;
	*taken = 0;
	for (unsigned int i = 0; i < info.n_stats; i++) {
		unsigned int queue;
		int end = 0;

		sscanf(strings.names[i], "tx_queue_%u_xdp_xmit%n", &queue, &end);
		if (end && !strings.names[i][end]) {
			*taken += stats.values[i];
			found++;
		}
	}
	return found ? 0 : -EOPNOTSUPP;
}

/* Runs the program until the device took all. */
static int flood_run(const struct flood *f, int prog, int sock)
{
	__u64 start, now;
	int err;

	err = frames_taken(sock, f->device, &start);
	for (now = start; !err && now - start < f->count;) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->frame,
			    .data_size_in = (unsigned int)f->length,
			    .repeat = (int)(f->count - (now - start)),
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 16);

		err = bpf_prog_test_run_opts(prog, &opts);
		if (!err)
			err = frames_taken(sock, f->device, &now);
	}
	return err;
}

static int flood_live(const struct flood *f)
{
	struct flood_bpf *skel = flood_bpf__open();
	int sock, err;

	if (!skel)
		return fail("open", errno);
	skel->rodata->target = f->ifindex;
	skel->rodata->port_at = f->port_at;
	skel->rodata->flows = f->flows;
	memcpy((void *)skel->rodata->head, f->frame, sizeof(skel->rodata->head));
	err = flood_bpf__load(skel);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	if (!err)
		err = sock < 0 ? -errno : flood_run(f, bpf_program__fd(skel->progs.flood), sock);
	if (sock >= 0)
		close(sock);
	flood_bpf__destroy(skel);
	return err ? fail("live frames", -err) : 0;
}

static int flood_socket(struct flood *f)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)f->ifindex,
				  .sll_halen = ETH_ALEN };
	int sock = socket(AF_PACKET, SOCK_RAW, 0);
	unsigned int i = 0, port;

	if (sock < 0)
		return fail("socket", errno);
	while (i < f->count) {
		port = 1024 + i % f->flows;
		f->frame[f->port_at] = (unsigned char)(port >> 8);
		f->frame[f->port_at + 1] = (unsigned char)port;
		if (sendto(sock, f->frame, f->length, 0, (struct sockaddr *)&to, sizeof(to)) >= 0)
			i++;
		else if (errno == ENOBUFS) /* no room at the peer's */
			sched_yield();
		else
			break;
	}
	close(sock);
	return i < f->count ? fail("send", errno) : 0;
}

static size_t read_hex(const char *hex, unsigned char *out)
{
	size_t length = 0;
	unsigned int byte;

	while (length < FRAME_MAX && sscanf(hex, "%2x", &byte) == 1) {
		out[length++] = (unsigned char)byte;
		hex += 2;
	}
	return length;
}

int main(int argc, char **argv)
{
	static struct flood f;

	if (argc != 6)
		return 2;
	f.device = argv[1];
	f.ifindex = if_nametoindex(f.device);
	f.count = (unsigned int)atol(argv[2]);
	f.flows = (unsigned int)atol(argv[3]);
	f.port_at = (unsigned int)atol(argv[4]);
	f.length = read_hex(argv[5], f.frame);
	if (!f.ifindex || !f.count || !f.flows || f.port_at >= 63 || f.length < 64)
		return fail("arguments", EINVAL);
	return f.length <= LIVE_MAX ? flood_live(&f) : flood_socket(&f);
}
