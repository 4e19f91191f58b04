// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "feeder.h"

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <endian.h>

#include "feed.skel.h"

#define LENGTH4 64
#define LENGTH6 78

/* clang-format off */
static const unsigned char head4[] = {
	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, LENGTH4 - 14, 0, 1, 0, 0, 64, 6,
};
static const unsigned char head6[] = {
	2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd, 0x60, 0, 0, 0, 0, LENGTH6 - 54, 6, 64,
};
/* clang-format on */

static bool is_of(const struct bpf_program *prog, enum feeder_kind kind)
{
	bool live = strstr(bpf_program__name(prog), "live") != NULL;

	if (live || kind == FEEDER_LIVE)
		return live && kind == FEEDER_LIVE;
	return (bpf_program__type(prog) == BPF_PROG_TYPE_XDP) == (kind != FEEDER_TC);
}

int feeder_new(struct feeder *out, enum feeder_kind kind)
{
	struct feed_bpf *skel = feed_bpf__open();
	struct bpf_program *prog;
	int err;

	if (!skel)
		return -errno;
	bpf_object__for_each_program(prog, skel->obj)
	{
		bpf_program__set_autoload(prog, is_of(prog, kind));
		if (kind == FEEDER_XDP)
			bpf_program__set_flags(prog, BPF_F_XDP_HAS_FRAGS);
	}
	err = feed_bpf__load(skel);
	if (err) {
		feed_bpf__destroy(skel);
		return err;
	}
	*out = (struct feeder) { .kind = kind, .skel = skel };
	return 0;
}

void feeder_clear(struct feeder *feeder)
{
	feed_bpf__destroy(feeder->skel);
	feeder->skel = NULL;
}

int feeder_to(struct feeder *feeder, int fd)
{
	const __u32 zero = 0;

	return bpf_map__update_elem(feeder->skel->maps.feed_next, &zero, sizeof(zero), &fd,
				    sizeof(fd), 0);
}

void feeder_out(struct feeder *feeder, int ifindex)
{
	feeder->skel->bss->feed_ifindex = (__u32)ifindex;
}

static __u16 csum4(const struct feed_flow4 *flow)
{
	__u32 sum = flow->proto;
	size_t i;

	for (i = 14; i < sizeof(head4) - 2; i += 2)
		sum += (__u32)(head4[i] << 8 | head4[i + 1]);
	sum += (__u32)head4[22] << 8;
	for (i = 0; i < 2; i++)
		sum += (ntohl(flow->addr[i]) >> 16) + (ntohl(flow->addr[i]) & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return htons((__u16)~sum);
}

static void put(struct feed_bpf *skel, size_t i, const struct gen_packet *packet)
{
	struct feed_flow4 *four = &skel->bss->feed_flows4[i];
	struct feed_flow6 *to = &skel->bss->feed_flows6[i];

	for (int side = 0; side < 2; side++) {
		four->addr[side] = htonl((__u32)packet->addr[side]);
		to->addr[2 * side] = htobe64((__u64)(packet->addr[side] >> 64));
		to->addr[2 * side + 1] = htobe64((__u64)packet->addr[side]);
		to->port[side] = four->port[side] = htons(packet->port[side]);
	}
	to->proto = four->proto = packet->proto;
	four->csum = csum4(four);
}

void feeder_fill(struct feeder *feeder, const struct gen_packet *packets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(feeder->skel, i, &packets[i]);
	feeder->skel->bss->feed_mask = (__u32)count - 1;
	feeder_rewind(feeder);
}

void feeder_rewind(struct feeder *feeder)
{
	feeder->skel->bss->feed_turn = 0;
}

int feeder_fd(const struct feeder *feeder, bool six)
{
	const struct feed_bpf *skel = feeder->skel;

	switch (feeder->kind) {
	case FEEDER_TC:
		return bpf_program__fd(six ? skel->progs.feed6_tc : skel->progs.feed4_tc);
	case FEEDER_LIVE:
		return bpf_program__fd(six ? skel->progs.feed6_live : skel->progs.feed4_live);
	default:
		return bpf_program__fd(six ? skel->progs.feed6_xdp : skel->progs.feed4_xdp);
	}
}

size_t feeder_frame(unsigned char frame[FEEDER_ROOM], bool six)
{
	size_t transport = six ? 54 : 34;

	memset(frame, 0, FEEDER_ROOM);
	memcpy(frame, six ? head6 : head4, six ? sizeof(head6) : sizeof(head4));
	frame[transport + 5] = six ? LENGTH6 - 54 : LENGTH4 - 34;
	frame[transport + 12] = 0x50;
	return six ? LENGTH6 : LENGTH4;
}
