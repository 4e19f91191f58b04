// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * flood DEVICE COUNT FLOWS PORT-OFFSET FRAME-IN-HEX
 *
 * Sends the frame COUNT times, with source ports 1024 to 1024 + FLOWS - 1 in turn: as fast as the
 * kernel can where it fits into a page (live frames of BPF_PROG_TEST_RUN), through a packet socket
 * where it does not. What pktgen is for, where there is no pktgen.
 */

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "flood.skel.h"

#define LIVE_MAX  3000U /* a page, less what the kernel puts around the frame */
#define FRAME_MAX 65536U

struct flood {
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

static int flood_live(const struct flood *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->frame,
		    .data_size_in = (unsigned int)f->length, .repeat = (int)f->count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 16);
	struct flood_bpf *skel = flood_bpf__open();
	int err;

	if (!skel)
		return fail("open", errno);
	skel->rodata->target = f->ifindex;
	skel->rodata->port_at = f->port_at;
	skel->rodata->flows = f->flows;
	memcpy((void *)skel->rodata->head, f->frame, sizeof(skel->rodata->head));
	err = flood_bpf__load(skel);
	if (!err)
		err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.flood), &opts);
	flood_bpf__destroy(skel);
	return err ? fail("test run", -err) : 0;
}

static int flood_socket(struct flood *f)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)f->ifindex,
				  .sll_halen = ETH_ALEN };
	int sock = socket(AF_PACKET, SOCK_RAW, 0);
	unsigned int i, port;

	if (sock < 0)
		return fail("socket", errno);
	for (i = 0; i < f->count; i++) {
		port = 1024 + i % f->flows;
		f->frame[f->port_at] = (unsigned char)(port >> 8);
		f->frame[f->port_at + 1] = (unsigned char)port;
		if (sendto(sock, f->frame, f->length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
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
	f.ifindex = if_nametoindex(argv[1]);
	f.count = (unsigned int)atol(argv[2]);
	f.flows = (unsigned int)atol(argv[3]);
	f.port_at = (unsigned int)atol(argv[4]);
	f.length = read_hex(argv[5], f.frame);
	if (!f.ifindex || !f.count || !f.flows || f.port_at >= 63 || f.length < 64)
		return fail("arguments", EINVAL);
	return f.length <= LIVE_MAX ? flood_live(&f) : flood_socket(&f);
}
