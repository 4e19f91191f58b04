// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "sums.h"

#include <string.h>

static __u32 get16(const __u8 *p)
{
	return (__u32)p[0] << 8 | p[1];
}

static __u32 add(__u32 sum, const __u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (__u32)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

struct parts {
	size_t ip, l4, end;
	__u8 proto;
	bool six;
};

/* False: no IP. */
static bool find(const __u8 *f, size_t len, struct parts *p)
{
	size_t at = 12;

	while (get16(f + at) == 0x8100 || get16(f + at) == 0x88a8)
		at += 4;
	p->ip = at + 2;
	p->six = get16(f + at) == 0x86dd;
	if (!p->six && get16(f + at) != 0x0800)
		return false;
	if (!p->six) {
		p->l4 = p->ip + (size_t)(f[p->ip] & 15) * 4;
		p->end = p->ip + get16(f + p->ip + 2);
		p->proto = f[p->ip + 9];
		return p->end <= len;
	}
	p->l4 = p->ip + 40;
	p->end = p->l4 + get16(f + p->ip + 4);
	p->proto = f[p->ip + 6];
	while (p->proto == 0 || p->proto == 60 || p->proto == 43) {
		p->proto = f[p->l4];
		p->l4 += 8 * ((size_t)f[p->l4 + 1] + 1);
	}
	return p->end <= len;
}

/* Of the transport's header; 0: it has no such checksum. */
static size_t place(const struct parts *p)
{
	switch (p->proto) {
	case 6:
		return 16;
	case 17:
		return 6;
	case 1:
	case 58:
		return 2;
	default:
		return 0;
	}
}

static __u32 transport(const __u8 *f, const struct parts *p)
{
	/* A UDP datagram may end before its packet does. */
	size_t size = p->proto == 17 ? get16(f + p->l4 + 4) : p->end - p->l4;
	__u8 tail[4] = { (__u8)(size >> 8), (__u8)size, 0, p->proto };
	__u32 sum = 0;

	if (p->proto != 1) {
		sum = add(sum, tail, sizeof(tail));
		sum = p->six ? add(sum, f + p->ip + 8, 32) : add(sum, f + p->ip + 12, 8);
	}
	return add(sum, f + p->l4, size);
}

void sums_fill(__u8 *f, size_t len)
{
	struct parts p;
	__u32 sum;

	if (!find(f, len, &p))
		return;
	if (!p.six) {
		memset(f + p.ip + 10, 0, 2);
		sum = ~add(0, f + p.ip, p.l4 - p.ip);
		f[p.ip + 10] = (__u8)(sum >> 8);
		f[p.ip + 11] = (__u8)sum;
	}
	if (!place(&p))
		return;
	memset(f + p.l4 + place(&p), 0, 2);
	sum = ~transport(f, &p) & 0xffff;
	if (p.proto == 17 && !sum)
		sum = 0xffff;
	f[p.l4 + place(&p)] = (__u8)(sum >> 8);
	f[p.l4 + place(&p) + 1] = (__u8)sum;
}

bool sums_good(const __u8 *f, size_t len)
{
	struct parts p;

	if (!find(f, len, &p))
		return true;
	if (!p.six && add(0, f + p.ip, p.l4 - p.ip) != 0xffff)
		return false;
	if (!place(&p) || (p.proto == 17 && !p.six && !get16(f + p.l4 + 6)))
		return true;
	return transport(f, &p) == 0xffff;
}
