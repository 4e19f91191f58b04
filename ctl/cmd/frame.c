// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* From a packet in words to a frame, as a host would send it. */

#include "packet.h"

#include <string.h>

#define TCP   6
#define UDP   17
#define SCTP  132
#define ICMP  1
#define ICMP6 58

#define TAG 4
#define MIN 60 /* without the frame check sequence */

static void put16(__u8 *at, unsigned int value)
{
	at[0] = (__u8)(value >> 8);
	at[1] = (__u8)value;
}

static void put32(__u8 *at, __u32 value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* RFC 1071; from is the sum of what came before. */
static __u32 sum(const __u8 *bytes, size_t length, __u32 from)
{
	size_t i;

	for (i = 0; i < length; i++)
		from += i % 2 ? bytes[i] : (__u32)bytes[i] << 8;
	while (from >> 16)
		from = (from & 0xffff) + (from >> 16);
	return from;
}

static size_t put_link(const struct sl_packet *packet, __u8 *frame)
{
	static const __u8 macs[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	size_t at = sizeof(macs);
	unsigned int i;

	memcpy(frame, macs, sizeof(macs));
	for (i = 0; i < packet->tags; i++, at += TAG) {
		put16(frame + at, packet->tags == 2 && !i ? 0x88a8 : 0x8100);
		put16(frame + at + 2, packet->tag[i]);
	}
	put16(frame + at, packet->six ? 0x86dd : 0x0800);
	return at + 2;
}

static size_t put_ip4(const struct sl_packet *packet, __u8 *ip)
{
	ip[0] = 0x45;
	ip[1] = (__u8)(packet->dscp << 2);
	put16(ip + 2, packet->length);
	put16(ip + 4, 1);
	put16(ip + 6, packet->offset / 8 | (packet->more ? 0x2000 : 0));
	ip[8] = packet->ttl;
	ip[9] = packet->proto;
	memcpy(ip + 12, packet->from, 4);
	memcpy(ip + 16, packet->to, 4);
	put16(ip + 10, ~sum(ip, 20, 0));
	return 20;
}

static size_t put_ip6(const struct sl_packet *packet, __u8 *ip)
{
	put32(ip, 0x60000000U | (__u32)packet->dscp << 22);
	put16(ip + 4, packet->length - 40);
	ip[6] = packet->fragment ? 44 : packet->proto;
	ip[7] = packet->ttl;
	memcpy(ip + 8, packet->from, 16);
	memcpy(ip + 24, packet->to, 16);
	if (!packet->fragment)
		return 40;
	ip[40] = packet->proto;
	put16(ip + 42, packet->offset | packet->more);
	put32(ip + 44, 1);
	return 48;
}

/* Of the pseudo-header, which TCP, UDP and ICMPv6 put into their checksums. */
static __u32 pseudo(const struct sl_packet *packet, size_t length)
{
	size_t bytes = packet->six ? 16 : 4;
	__u32 from = sum(packet->to, bytes, sum(packet->from, bytes, 0));

	return from + packet->proto + (__u32)length;
}

static void put_tcp(const struct sl_packet *packet, __u8 *tcp)
{
	put16(tcp, packet->sport);
	put16(tcp + 2, packet->dport);
	put32(tcp + 4, 1);
	put32(tcp + 8, packet->flags & 16 ? 1 : 0);
	tcp[12] = packet->mss ? 6 << 4 : 5 << 4;
	tcp[13] = packet->flags;
	put16(tcp + 14, packet->window);
	if (!packet->mss)
		return;
	tcp[20] = 2;
	tcp[21] = 4;
	put16(tcp + 22, packet->mss);
}

/* RFC 9260, appendix A: CRC-32C, bit by bit. */
static __u32 crc32c(const __u8 *bytes, size_t length)
{
	__u32 crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return ~crc;
}

static void put_sctp(const struct sl_packet *packet, __u8 *sctp, size_t length)
{
	__u32 crc;

	put16(sctp, packet->sport);
	put16(sctp + 2, packet->dport);
	put32(sctp + 4, 1);
	crc = crc32c(sctp, length);
	put32(sctp + 8, __builtin_bswap32(crc));
}

static void put_transport(const struct sl_packet *packet, __u8 *at, size_t length)
{
	switch (packet->proto) {
	case TCP:
		put_tcp(packet, at);
		put16(at + 16, ~sum(at, length, pseudo(packet, length)));
		break;
	case UDP:
		put16(at, packet->sport);
		put16(at + 2, packet->dport);
		put16(at + 4, (unsigned int)length);
		put16(at + 6, ~sum(at, length, pseudo(packet, length)));
		break;
	case ICMP:
	case ICMP6:
		at[0] = packet->type;
		at[1] = packet->code;
		put32(at + 4, 1);
		put16(at + 2, ~sum(at, length, packet->six ? pseudo(packet, length) : 0));
		break;
	case SCTP:
		put_sctp(packet, at, length);
		break;
	default:
		break;
	}
}

size_t sl_packet_frame(const struct sl_packet *packet, __u8 *frame)
{
	size_t network, length;
	__u8 *ip;

	memset(frame, 0, SL_PACKET_MAX);
	network = put_link(packet, frame);
	ip = frame + network;
	length = packet->six ? put_ip6(packet, ip) : put_ip4(packet, ip);
	/* What a later fragment holds is data to who reads it. */
	if (!packet->offset)
		put_transport(packet, ip + length, packet->length - length);
	length = network + packet->length;
	return length < MIN ? MIN : length;
}
