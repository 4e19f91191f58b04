// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "packet.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void put16(__u8 *p, unsigned int v)
{
	p[0] = (__u8)(v >> 8);
	p[1] = (__u8)v;
}

static void put32(__u8 *p, __u32 v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static void put64(__u8 *p, __u64 v)
{
	put32(p, (__u32)(v >> 32));
	put32(p + 4, (__u32)v);
}

/* What a field says: the value given, or the truth. */
static unsigned int say(int value, size_t truth)
{
	return value == AUTO ? (unsigned int)truth : (unsigned int)value;
}

static size_t layer_size(const struct layer *l)
{
	switch (l->kind) {
	case LAYER_ETH:
		return 14;
	case LAYER_VLAN:
		return 4;
	case LAYER_ARP:
		return 28;
	case LAYER_IP4:
		return 20 + l->ip4.optlen;
	case LAYER_IP6:
		return 40;
	case LAYER_EXT:
		return l->ext.size;
	case LAYER_FRAGMENT:
	case LAYER_UDP:
	case LAYER_ICMP:
	case LAYER_ICMP6:
		return 8;
	case LAYER_TCP:
		return 20 + l->tcp.optlen;
	case LAYER_SCTP:
		return 12;
	case LAYER_BYTES:
		return l->bytes.len;
	case LAYER_DATA:
	case LAYER_PAD:
		return l->data.len;
	case LAYER_CUT:
	case LAYER_END:
		break;
	}
	return 0;
}

static unsigned int ethertype_of(const struct layer *next)
{
	switch (next->kind) {
	case LAYER_VLAN:
		return 0x8100;
	case LAYER_ARP:
		return 0x0806;
	case LAYER_IP6:
		return 0x86dd;
	default:
		return 0x0800;
	}
}

static unsigned int proto_of(const struct layer *next)
{
	switch (next->kind) {
	case LAYER_EXT:
		return (unsigned int)next->ext.kind;
	case LAYER_FRAGMENT:
		return 44;
	case LAYER_TCP:
		return 6;
	case LAYER_SCTP:
		return 132;
	case LAYER_ICMP:
		return 1;
	case LAYER_ICMP6:
		return 58;
	case LAYER_IP4:
		return 4;
	case LAYER_IP6:
		return 41;
	default:
		return 17;
	}
}

static unsigned int ip4_checksum(const __u8 *ip, size_t len)
{
	__u32 sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (__u32)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void put_arp(__u8 *p, const struct layer *l)
{
	put16(p, say(l->arp.hardware, 1));
	put16(p + 2, say(l->arp.protocol, 0x0800));
	p[4] = (__u8)l->arp.hlen;
	p[5] = (__u8)l->arp.plen;
	put16(p + 6, say(l->arp.op, 1));
	put32(p + 14, SRC4);
	put32(p + 24, DST4);
}

/* len: bytes from the first one of this header to the end of the packet. */
static void put_ip4(__u8 *p, const struct layer *l, size_t len)
{
	p[0] = (__u8)(l->ip4.version << 4 | (say(l->ip4.ihl, layer_size(l) / 4) & 0xf));
	p[1] = (__u8)l->ip4.tos;
	put16(p + 2, say(l->ip4.len, len));
	put16(p + 4, say(l->ip4.id, 0));
	put16(p + 6, (unsigned int)(l->ip4.evil << 15 | l->ip4.df << 14 | l->ip4.mf << 13 |
				    l->ip4.offset / 8));
	p[8] = (__u8)l->ip4.ttl;
	p[9] = (__u8)say(l->ip4.proto, proto_of(l + 1));
	put32(p + 12, l->ip4.src);
	put32(p + 16, l->ip4.dst);
	if (l->ip4.optlen)
		memcpy(p + 20, l->ip4.opts, l->ip4.optlen);
	put16(p + 10, ip4_checksum(p, layer_size(l)));
}

static void put_ip6(__u8 *p, const struct layer *l, size_t len)
{
	put32(p, (__u32)l->ip6.version << 28 | (__u32)l->ip6.tc << 20);
	put16(p + 4, say(l->ip6.len, len - 40));
	p[6] = (__u8)say(l->ip6.next, proto_of(l + 1));
	p[7] = (__u8)l->ip6.hop;
	put64(p + 8, l->ip6.src[0]);
	put64(p + 16, l->ip6.src[1]);
	put64(p + 24, l->ip6.dst[0]);
	put64(p + 32, l->ip6.dst[1]);
}

static void put_ext(__u8 *p, const struct layer *l)
{
	size_t units = l->ext.kind == 51 ? l->ext.size / 4 - 2 : l->ext.size / 8 - 1;

	p[0] = (__u8)say(l->ext.next, proto_of(l + 1));
	if (l->ext.size < 2)
		return;
	p[1] = (__u8)say(l->ext.len, units);
	if (l->ext.bytes) {
		memcpy(p + 2, l->ext.bytes, l->ext.size - 2);
	} else if ((l->ext.kind == 0 || l->ext.kind == 60) && l->ext.size >= 4) {
		p[2] = 1; /* PadN */
		p[3] = (__u8)(l->ext.size - 4);
	}
}

static void put_fragment(__u8 *p, const struct layer *l)
{
	p[0] = (__u8)say(l->fragment.next, proto_of(l + 1));
	p[1] = (__u8)l->fragment.reserved;
	put16(p + 2, (unsigned int)(l->fragment.offset | l->fragment.more));
	put32(p + 4, l->fragment.id);
}

static void put_tcp(__u8 *p, const struct layer *l)
{
	put16(p, say(l->tcp.sport, 0));
	put16(p + 2, say(l->tcp.dport, 0));
	put32(p + 4, l->tcp.seq);
	p[12] = (__u8)(say(l->tcp.doff, layer_size(l) / 4) << 4);
	p[13] = (__u8)l->tcp.flags;
	put16(p + 14, 65535);
	if (l->tcp.optlen)
		memcpy(p + 20, l->tcp.opts, l->tcp.optlen);
}

static void put_layer(__u8 *p, const struct layer *l, size_t len)
{
	switch (l->kind) {
	case LAYER_ETH:
		memcpy(p, l->eth.dst, 6);
		memcpy(p + 6, l->eth.src, 6);
		put16(p + 12, say(l->eth.type, ethertype_of(l + 1)));
		break;
	case LAYER_VLAN:
		put16(p, (unsigned int)(l->vlan.pcp << 13 | l->vlan.dei << 12 | l->vlan.id));
		put16(p + 2, say(l->vlan.type, ethertype_of(l + 1)));
		break;
	case LAYER_ARP:
		put_arp(p, l);
		break;
	case LAYER_IP4:
		put_ip4(p, l, len);
		break;
	case LAYER_IP6:
		put_ip6(p, l, len);
		break;
	case LAYER_EXT:
		put_ext(p, l);
		break;
	case LAYER_FRAGMENT:
		put_fragment(p, l);
		break;
	case LAYER_TCP:
		put_tcp(p, l);
		break;
	case LAYER_UDP:
		put16(p, say(l->udp.sport, 0));
		put16(p + 2, say(l->udp.dport, 0));
		put16(p + 4, say(l->udp.len, len));
		break;
	case LAYER_SCTP:
		put16(p, say(l->sctp.sport, 0));
		put16(p + 2, say(l->sctp.dport, 0));
		break;
	case LAYER_ICMP:
	case LAYER_ICMP6:
		p[0] = (__u8)l->icmp.type;
		p[1] = (__u8)l->icmp.code;
		put16(p + 4, (unsigned int)l->icmp.id);
		break;
	case LAYER_BYTES:
		memcpy(p, l->bytes.bytes, l->bytes.len);
		break;
	case LAYER_DATA:
		memset(p, l->data.fill, l->data.len);
		break;
	case LAYER_PAD:
	case LAYER_CUT:
	case LAYER_END:
		break;
	}
}

size_t packet_build(__u8 *buf, const struct layer *layers)
{
	size_t packet = 0, frame = 0, at = 0, lost = 0;

	for (const struct layer *l = layers; l->kind != LAYER_END; l++) {
		frame += layer_size(l);
		if (l->kind != LAYER_PAD)
			packet += layer_size(l);
		if (l->kind == LAYER_CUT)
			lost = l->data.len;
	}
	assert(frame <= PACKET_MAX && lost <= frame);
	memset(buf, 0, frame);
	for (const struct layer *l = layers; l->kind != LAYER_END; l++) {
		put_layer(buf + at, l, packet - at);
		at += layer_size(l);
	}
	return frame - lost;
}

void packet_print(const void *frame, size_t len)
{
	const __u8 *p = frame;

	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%s%02x%s", i % 16 ? "" : "    ", p[i],
			i % 16 == 15 || i + 1 == len ? "\n" : " ");
}
