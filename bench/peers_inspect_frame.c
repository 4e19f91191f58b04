// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "inspect.h"

#include <string.h>

#include <arpa/inet.h>

#include "gen.h"
#include "hello.h"

#define ETHERNET 14
#define IP4	 20
#define FLOWS	 1024 /* DNS queries and packets of text come from so many */
#define TEXT	 1400 /* bytes of payload */
#define TCP	 6
#define UDP	 17
#define SYN	 0x02
#define ACK	 0x10
#define PSH	 0x18
#define FIN	 0x11

void inspect_word(enum inspect_kind kind, size_t index, char out[INSPECT_WORD])
{
	struct gen_random r = { index + 1 };
	char letters[16];
	size_t i;

	for (i = 0; i < 12; i++)
		letters[i] = (char)('a' + gen_below(&r, 26));
	letters[i] = 0;
	snprintf(out, INSPECT_WORD, kind == INSPECT_PAYLOAD ? "%s" : "www.%s.example", letters);
}

static void put16(unsigned char *to, size_t value)
{
	to[0] = (unsigned char)(value >> 8);
	to[1] = (unsigned char)value;
}

/* Addresses change places on the way back. Returns where the transport's header goes. */
static unsigned char *put_ip4(unsigned char *frame, __u8 proto, size_t nth, bool back)
{
	static const unsigned char head[ETHERNET] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	unsigned char *ip = frame + ETHERNET;
	__be32 client = htonl(0x0a000000 | ((__u32)nth & 0xffffff)), server = htonl(0xc0000201);

	memset(frame, 0, INSPECT_FRAME);
	memcpy(frame, head, sizeof(head));
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, back ? &server : &client, 4);
	memcpy(ip + 16, back ? &client : &server, 4);
	return ip + IP4;
}

/* The lengths, and the header's sum. Returns the length of the frame. */
static size_t finish(unsigned char *frame, size_t transport)
{
	unsigned char *ip = frame + ETHERNET;
	__u32 sum = 0;

	put16(ip + 2, IP4 + transport);
	for (int i = 0; i < IP4; i += 2)
		sum += (__u32)(ip[i] << 8 | ip[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	put16(ip + 10, (__u16) ~(sum + (sum >> 16)));
	if (ip[9] == UDP)
		put16(ip + IP4 + 4, transport);
	return ETHERNET + IP4 + transport;
}

static unsigned char *put_udp(unsigned char *frame, size_t nth, __u16 port)
{
	unsigned char *udp = put_ip4(frame, UDP, nth % FLOWS, false);

	put16(udp, 20000 + nth % FLOWS);
	put16(udp + 2, port);
	return udp + 8;
}

static size_t put_dns(unsigned char *frame, size_t nth, const char *name)
{
	unsigned char *dns = put_udp(frame, nth, 53), *to = dns + 12;
	size_t length;

	put16(dns, nth & 0xffff);
	dns[2] = 1; /* recursion desired */
	dns[5] = 1; /* one question */
	for (; *name; name += length + (name[length] == '.')) {
		length = strcspn(name, ".");
		*to++ = (unsigned char)length;
		memcpy(to, name, length);
		to += length;
	}
	to[2] = 1; /* type A */
	to[4] = 1; /* class IN */
	return finish(frame, (size_t)(to + 5 - dns) + 8);
}

static size_t put_text(unsigned char *frame, size_t nth, const char *pattern)
{
	unsigned char *text = put_udp(frame, nth, 9999);
	struct gen_random r = { nth * 7919 + 17 };

	/* No letters but those of the pattern: nothing else can match. */
	for (size_t i = 0; i < TEXT; i++)
		text[i] = (unsigned char)(gen_below(&r, 2) ? 'A' + gen_below(&r, 26)
							   : '0' + gen_below(&r, 10));
	if (pattern)
		memcpy(text + TEXT / 2, pattern, strlen(pattern));
	return finish(frame, 8 + TEXT);
}

struct segment {
	size_t nth;
	bool back;
	__u8 flags;
	__u32 seq;
	__u32 ack;
};

static unsigned char *put_tcp(unsigned char *frame, const struct segment *segment)
{
	unsigned char *tcp = put_ip4(frame, TCP, segment->nth, segment->back);
	size_t client = 20000 + segment->nth % 40000;
	__be32 seq = htonl(segment->seq), ack = htonl(segment->ack);

	put16(tcp, segment->back ? 443 : client);
	put16(tcp + 2, segment->back ? client : 443);
	memcpy(tcp + 4, &seq, 4);
	memcpy(tcp + 8, &ack, 4);
	tcp[12] = 0x50;
	tcp[13] = segment->flags;
	put16(tcp + 14, 65535);
	return tcp + 20;
}

static void put_connection(struct inspect_sample *out, size_t nth, const char *name)
{
	struct segment s = { .nth = nth, .flags = SYN, .seq = 1000 };
	size_t hello;

	out->packets = INSPECT_PACKETS;
	put_tcp(out->frame[0], &s);
	s = (struct segment) { nth, true, SYN | ACK, 5000, 1001 };
	put_tcp(out->frame[1], &s);
	s = (struct segment) { nth, false, ACK, 1001, 5001 };
	put_tcp(out->frame[2], &s);
	s.flags = PSH;
	hello = hello_put(put_tcp(out->frame[INSPECT_TLS_AT], &s), name);
	s.flags = FIN;
	s.seq += (__u32)hello;
	put_tcp(out->frame[4], &s);
	for (int i = 0; i < INSPECT_PACKETS; i++)
		out->length[i] =
			finish(out->frame[i], 20 + (i == INSPECT_TLS_AT ? hello : (size_t)0));
}

void inspect_sample(enum inspect_kind kind, bool hit, size_t nth, size_t count,
		    struct inspect_sample *out)
{
	char word[INSPECT_WORD];

	/* Words of the list are those below count. */
	inspect_word(kind, hit ? nth % count : count + nth, word);
	out->packets = 1;
	switch (kind) {
	case INSPECT_DNS:
		out->length[0] = put_dns(out->frame[0], nth, word);
		break;
	case INSPECT_TLS:
		put_connection(out, nth, word);
		break;
	default:
		out->length[0] = put_text(out->frame[0], nth, hit ? word : NULL);
	}
}

int inspect_pcap(const char *path, enum inspect_kind kind, bool hit, size_t samples, size_t count)
{
	const __u32 head[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	static struct inspect_sample sample;
	FILE *to = fopen(path, "w");
	__u32 packet[4], clock = 0;

	if (!to)
		return -1;
	fwrite(head, sizeof(head), 1, to);
	for (size_t i = 0; i < samples; i++) {
		inspect_sample(kind, hit, i, count, &sample);
		for (size_t k = 0; k < sample.packets; k++, clock++) {
			packet[0] = 1700000000 + clock / 100000;
			packet[1] = clock % 100000 * 10;
			packet[2] = packet[3] = (__u32)sample.length[k];
			fwrite(packet, sizeof(packet), 1, to);
			fwrite(sample.frame[k], sample.length[k], 1, to);
		}
	}
	return fclose(to);
}
