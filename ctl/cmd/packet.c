// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#define TCP   6
#define UDP   17
#define SCTP  132
#define ICMP  1
#define ICMP6 58

struct reader {
	struct sl_packet *packet;
	const char *text;
	const char *next; /* what was not read yet */
	const char *word; /* the last word read, in buffer */
	size_t at; /* where it begins */
	char buffer[128];
	char *error;
};

__attribute__((format(printf, 2, 3))) static int wrong(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error, SL_PACKET_ERROR, format, args);
	va_end(args);
	return -EINVAL;
}

/* 1: r->word is the next one. 0: there is none. */
static int take(struct reader *r)
{
	size_t length;

	r->next += strspn(r->next, " \t\n");
	r->at = (size_t)(r->next - r->text);
	length = strcspn(r->next, " \t\n");
	if (length >= sizeof(r->buffer))
		return wrong(r, "this word is too long");
	memcpy(r->buffer, r->next, length);
	r->buffer[length] = 0;
	r->word = r->buffer;
	r->next += length;
	return length > 0;
}

static int take_or(struct reader *r, const char *what)
{
	int taken = take(r);

	if (!taken)
		return wrong(r, "%s is missing", what);
	return taken < 0 ? taken : 0;
}

static int number(struct reader *r, const char *word, unsigned int max, const char *what,
		  unsigned int *out)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(word, &end, 0);
	if (errno || end == word || *end || word[0] == '-' || value > max)
		return wrong(r, "'%s' is no %s: a number from 0 to %u", word, what, max);
	*out = (unsigned int)value;
	return 0;
}

static int take_number(struct reader *r, unsigned int max, const char *what, unsigned int *out)
{
	int err = take_or(r, what);

	return err ?: number(r, r->word, max, what, out);
}

/* --- protocol and ends --- */

static int read_proto(struct reader *r)
{
	static const struct {
		const char *name;
		__u8 number;
	} known[] = {
		{ "tcp", TCP },	  { "udp", UDP },      { "sctp", SCTP },
		{ "icmp", ICMP }, { "icmpv6", ICMP6 },
	};
	unsigned int value = 0;
	size_t i;
	int err;

	err = take_or(r, "the protocol");
	if (err)
		return err;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].name, r->word) != 0)
			continue;
		r->packet->proto = known[i].number;
		return 0;
	}
	if (r->word[0] < '0' || r->word[0] > '9')
		return wrong(
			r,
			"unknown protocol '%s': tcp, udp, sctp, icmp, icmpv6 or a number is expected",
			r->word);
	err = number(r, r->word, 255, "protocol", &value);
	r->packet->proto = (__u8)value;
	return err;
}

static bool has_ports(const struct sl_packet *packet)
{
	return packet->proto == TCP || packet->proto == UDP || packet->proto == SCTP;
}

/* The port behind an address; rest is "" or begins with a colon. */
static int read_port(struct reader *r, const char *rest, __u16 *port)
{
	unsigned int value = 0;
	int err;

	r->at += (size_t)(rest - r->buffer);
	if (!*rest && has_ports(r->packet))
		return wrong(r, "the port is missing: ADDRESS:PORT");
	if (!*rest)
		return 0;
	if (*rest != ':')
		return wrong(r, "':' and a port are expected here");
	if (!has_ports(r->packet))
		return wrong(r, "only tcp, udp and sctp have ports");
	r->at++;
	err = number(r, rest + 1, 65535, "port", &value);
	*port = (__u16)value;
	return err;
}

static int read_end(struct reader *r, bool first, const char *what, __u8 addr[16], __u16 *port)
{
	char text[sizeof(r->buffer)], *rest;
	bool six;
	int err;

	err = take_or(r, what);
	if (err)
		return err;
	six = r->buffer[0] == '[';
	rest = six ? strchr(r->buffer, ']') : strchrnul(r->buffer, ':');
	if (!rest)
		return wrong(r, "']' is missing");
	if (!six && strchr(rest + (*rest == ':'), ':'))
		return wrong(r, "an IPv6 address stands in brackets: [2001:db8::1]:80");
	if (!first && six != r->packet->six)
		return wrong(r, "the two addresses are of different families");
	r->packet->six = six;
	snprintf(text, sizeof(text), "%.*s", (int)(rest - r->buffer - six), r->buffer + six);
	if (inet_pton(six ? AF_INET6 : AF_INET, text, addr) != 1)
		return wrong(r, "'%s' is no IPv%c address", text, six ? '6' : '4');
	return read_port(r, rest + six, port);
}

/* --- words --- */

static int flag_bits(const char *name, size_t length, __u8 *out)
{
	char word[8] = "";
	const struct sl_named *flag;

	if (length >= sizeof(word))
		return -ENOENT;
	memcpy(word, name, length);
	flag = sl_word_find(&sl_words_flag, word);
	if (!flag && strcmp(word, "none") != 0)
		return -ENOENT;
	*out |= flag ? (__u8)flag->low : 0;
	return 0;
}

/* syn, syn|ack, none: -ENOENT when it is nothing of the kind. */
static int read_flags(struct reader *r)
{
	const char *at = r->word;
	__u8 flags = 0;
	size_t length;

	for (;; at += length + 1) {
		length = strcspn(at, "|,");
		if (flag_bits(at, length, &flags))
			return -ENOENT;
		if (!at[length])
			break;
	}
	if (r->packet->proto != TCP)
		return wrong(r, "only tcp has flags");
	r->packet->flags = flags;
	return 0;
}

static int read_vlan(struct reader *r)
{
	unsigned int id = 0;
	int err = take_number(r, 4095, "VLAN id", &id);

	if (err)
		return err;
	if (r->packet->tags == 2)
		return wrong(r, "two VLAN tags are the most");
	r->packet->tag[r->packet->tags++] = (__u16)id;
	return 0;
}

static int read_pcp(struct reader *r)
{
	unsigned int priority = 0;
	int err = take_number(r, 7, "VLAN priority", &priority);

	if (err)
		return err;
	if (!r->packet->tags)
		return wrong(r, "'pcp' comes behind its 'vlan'");
	r->packet->tag[r->packet->tags - 1] |= (__u16)(priority << 13);
	return 0;
}

static int read_named(struct reader *r, const struct sl_vocabulary *words, const char *what,
		      __u8 *out)
{
	const struct sl_named *named;
	unsigned int value = 0;
	int err;

	if (r->packet->proto != ICMP && r->packet->proto != ICMP6)
		return wrong(r, "only icmp and icmpv6 have a %s", what);
	err = take_or(r, what);
	if (err)
		return err;
	named = sl_word_find(words, r->word);
	if (named)
		value = named->low;
	else
		err = number(r, r->word, 255, what, &value);
	*out = (__u8)value;
	return err;
}

static int read_type(struct reader *r)
{
	bool six = r->packet->proto == ICMP6;

	return read_named(r, six ? &sl_words_icmp6_type : &sl_words_icmp_type, "type",
			  &r->packet->type);
}

static int read_code(struct reader *r)
{
	bool six = r->packet->proto == ICMP6;

	return read_named(r, six ? &sl_words_icmp6_code : &sl_words_icmp_code, "code",
			  &r->packet->code);
}

static int read_frag(struct reader *r)
{
	struct sl_packet *packet = r->packet;
	int err = take_or(r, "'first', 'later' or an offset");

	if (err)
		return err;
	packet->fragment = true;
	packet->more = !strcmp(r->word, "first");
	if (packet->more)
		return 0;
	if (!strcmp(r->word, "later")) {
		packet->offset = 1480;
		return 0;
	}
	err = number(r, r->word, 65528, "offset", &packet->offset);
	if (!err && packet->offset % 8)
		return wrong(r, "an offset is a multiple of 8");
	return err;
}

static int read_byte(struct reader *r, unsigned int max, const char *what, __u8 *out)
{
	unsigned int value = 0;
	int err = take_number(r, max, what, &value);

	*out = (__u8)value;
	return err;
}

static int read_short(struct reader *r, const char *what, __u16 *out)
{
	unsigned int value = 0;
	int err = take_number(r, 65535, what, &value);

	*out = (__u16)value;
	return err;
}

static int read_tcp_short(struct reader *r, const char *what, __u16 *out)
{
	if (r->packet->proto != TCP)
		return wrong(r, "only tcp has a %s", what);
	return read_short(r, what, out);
}

static int read_ttl(struct reader *r)
{
	return read_byte(r, 255, "TTL", &r->packet->ttl);
}

static int read_dscp(struct reader *r)
{
	return read_byte(r, 63, "DSCP", &r->packet->dscp);
}

static int read_length(struct reader *r)
{
	return take_number(r, 65535, "length", &r->packet->length);
}

static int read_mss(struct reader *r)
{
	return read_tcp_short(r, "maximum segment size", &r->packet->mss);
}

static int read_window(struct reader *r)
{
	return read_tcp_short(r, "window", &r->packet->window);
}

static const struct {
	const char *name;
	int (*read)(struct reader *r);
} words[] = {
	{ "vlan", read_vlan },	   { "pcp", read_pcp },	   { "ttl", read_ttl },
	{ "dscp", read_dscp },	   { "len", read_length }, { "type", read_type },
	{ "code", read_code },	   { "frag", read_frag },  { "mss", read_mss },
	{ "window", read_window },
};

static int read_word(struct reader *r)
{
	size_t i;
	int err;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(words[i].name, r->word))
			return words[i].read(r);
	}
	err = read_flags(r);
	if (err != -ENOENT)
		return err;
	return wrong(
		r,
		"unknown word '%s': TCP flags, vlan, pcp, ttl, dscp, len, type, code, mss, window or frag is expected",
		r->word);
}

/* --- the whole --- */

static unsigned int headers(const struct sl_packet *packet)
{
	unsigned int length = packet->six ? 40 + 8U * packet->fragment : 20;

	if (packet->offset)
		return length;
	switch (packet->proto) {
	case TCP:
		return length + 20 + (packet->mss ? 4 : 0);
	case UDP:
	case ICMP:
	case ICMP6:
		return length + 8;
	case SCTP:
		return length + 12;
	default:
		return length;
	}
}

static int finish(struct reader *r)
{
	struct sl_packet *packet = r->packet;
	unsigned int least = headers(packet);

	/* Of a fragment with more to come, what is in it comes in units of 8 bytes. */
	if (!packet->length && packet->more)
		packet->length = least + (8 - (least - (packet->six ? 48U : 20U)) % 8) % 8;
	/* A fragment without data is none. */
	if (!packet->length)
		packet->length = least + (packet->offset ? 8 : 0);
	r->at = 0;
	if (packet->length < least)
		return wrong(r, "a length of %u is too little: its headers take %u bytes",
			     packet->length, least);
	if (packet->proto == ICMP && packet->six)
		return wrong(r, "icmp is of IPv4: icmpv6 is that of IPv6");
	if (packet->proto == ICMP6 && !packet->six)
		return wrong(r, "icmpv6 is of IPv6: icmp is that of IPv4");
	return 0;
}

static int read_packet(struct reader *r)
{
	struct sl_packet *packet = r->packet;
	int err, taken;

	err = read_proto(r);
	packet->type = packet->proto == ICMP6 ? 128 : 8;
	if (!err)
		err = read_end(r, true, "the source", packet->from, &packet->sport);
	if (!err)
		err = take_or(r, "'>'");
	if (!err && strcmp(r->word, ">") != 0)
		err = wrong(r, "'>' is expected here");
	if (!err)
		err = read_end(r, false, "the destination", packet->to, &packet->dport);
	while (!err && (taken = take(r)) != 0)
		err = taken < 0 ? taken : read_word(r);
	return err ?: finish(r);
}

int sl_packet_parse(struct sl_packet *out, const char *text, char error[SL_PACKET_ERROR],
		    size_t *at)
{
	struct reader r = { .packet = out, .text = text, .next = text, .error = error };
	int err;

	*out = (struct sl_packet) { .ttl = 64, .window = 65535, .flags = 2 };
	err = read_packet(&r);
	*at = r.at;
	return err;
}
