// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "hello.h"

#include <string.h>

static void put16(unsigned char *to, size_t value)
{
	to[0] = (unsigned char)(value >> 8);
	to[1] = (unsigned char)value;
}

size_t hello_put(unsigned char *to, const char *name)
{
	static const unsigned char ciphers[] = { 0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0 };
	size_t length = strlen(name), extension = 9 + length,
	       body = 2 + 32 + 1 + sizeof(ciphers) + 2 + extension;
	unsigned char *at = to + 9;

	to[0] = 22; /* handshake */
	put16(to + 1, 0x0301);
	put16(to + 3, body + 4);
	to[5] = 1; /* ClientHello */
	put16(to + 7, body);
	put16(at, 0x0303);
	memset(at + 2, 0x5a, 32);
	at += 2 + 32 + 1;
	memcpy(at, ciphers, sizeof(ciphers));
	at += sizeof(ciphers);
	put16(at, extension);
	put16(at + 2, 0); /* server_name */
	put16(at + 4, 5 + length);
	put16(at + 6, 3 + length);
	put16(at + 9, length);
	memcpy(at + 11, name, length);
	return body + 9;
}
