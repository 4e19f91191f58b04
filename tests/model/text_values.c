// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Addresses, numbers and flags, as docs/rules.md has them. */
#include <arpa/inet.h>

#include "fuzz.h"

void put_hex(FILE *to, wide value)
{
	__u64 high = (__u64)(value >> 64);

	if (high)
		fprintf(to, "0x%llx%016llx", high, (__u64)value);
	else
		fprintf(to, "0x%llx", (__u64)value);
}

void put_mac(FILE *to, wide value)
{
	for (int i = 5; i >= 0; i--)
		fprintf(to, "%02x%s", (unsigned int)(value >> (8 * i)) & 255, i ? ":" : "");
}

void put_address(FILE *to, wide value, int family)
{
	char text[INET6_ADDRSTRLEN];
	__u8 bytes[16];

	for (int i = 0; i < 16; i++)
		bytes[i] = (__u8)(value >> (8 * (15 - i)));
	inet_ntop(family == 4 ? AF_INET : AF_INET6, family == 4 ? bytes + 12 : bytes, text,
		  sizeof(text));
	fputs(text, to);
}

void text_addresses(FILE *to, const struct m_range *r, struct chance *c)
{
	wide size = r->high - r->low; /* one less, so that all of them fit */
	int bits = r->family == 4 ? 32 : 128, free_bits = 0;

	put_address(to, r->low, r->family);
	while (free_bits < bits && size >> free_bits & 1)
		free_bits++;
	if (free_bits < bits && size >> free_bits)
		free_bits = -1; /* no power of two */
	if (free_bits >= 0 && !(r->low & size)) {
		if (free_bits || chance_of(c, 20))
			fprintf(to, "/%d", bits - free_bits);
		return;
	}
	fputs("-", to);
	put_address(to, r->high, r->family);
}

static void put_flags(FILE *to, __u8 flags, const char *between)
{
	static const char *const names[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"
	};
	bool first = true;

	if (!flags)
		fputs("none", to);
	for (int i = 0; i < 8; i++) {
		if (!(flags >> i & 1))
			continue;
		fprintf(to, "%s%s", first ? "" : between, names[i]);
		first = false;
	}
}

static void put_masked_flags(FILE *to, const struct m_match *m, struct chance *c)
{
	__u8 value = (__u8)m->range[0].low;
	const char *compare = m->negate ? "!=" : "==";

	if (!value && m->negate && chance_of(c, 60)) {
		put_flags(to, m->mask, chance_of(c, 50) ? "," : "|");
		return;
	}
	if (value && chance_of(c, 40)) {
		if (m->negate || chance_of(c, 50))
			fprintf(to, "%s ", compare);
		put_flags(to, value, ",");
		fputs(" / ", to);
		put_flags(to, m->mask, ",");
		return;
	}
	fputs("& (", to);
	put_flags(to, m->mask, "|");
	fprintf(to, ") %s ", compare);
	put_flags(to, value, "|");
}

static void put_exact_flags(FILE *to, const struct m_match *m)
{
	fputs(m->negate ? "!= " : m->count == 1 ? "== " : "", to);
	if (m->count > 1)
		fputs("{ ", to);
	for (int i = 0; i < m->count; i++) {
		fputs(i ? ", " : "", to);
		put_flags(to, (__u8)m->range[i].low, "|");
	}
	if (m->count > 1)
		fputs(" }", to);
}

void text_flags(FILE *to, const struct m_match *m, struct chance *c)
{
	if (m->mask == 255)
		put_exact_flags(to, m);
	else
		put_masked_flags(to, m, c);
}
