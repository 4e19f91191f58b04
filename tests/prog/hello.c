// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "hello.h"

#include <stdlib.h>
#include <string.h>

struct writer {
	__u8 bytes[HELLO_MAX];
	size_t used;
};

static void put(struct writer *w, const void *bytes, size_t length)
{
	if (length > sizeof(w->bytes) - w->used)
		abort();
	memcpy(w->bytes + w->used, bytes, length);
	w->used += length;
}

static void fill(struct writer *w, __u8 byte, size_t length)
{
	while (length--)
		put(w, &byte, 1);
}

static void put8(struct writer *w, unsigned int x)
{
	__u8 byte = (__u8)x;

	put(w, &byte, 1);
}

static void put16(struct writer *w, unsigned int x)
{
	put8(w, x >> 8);
	put8(w, x);
}

/* Room for a length of two bytes, filled by shut(). */
static size_t open16(struct writer *w)
{
	put16(w, 0);
	return w->used;
}

static void shut16(struct writer *w, size_t from, int lie)
{
	size_t length = w->used - from + (size_t)lie;

	w->bytes[from - 2] = (__u8)(length >> 8);
	w->bytes[from - 1] = (__u8)length;
}

static void put_name(struct writer *w, const char *name, int lie)
{
	size_t at;

	put8(w, 0);
	at = open16(w);
	put(w, name, strlen(name));
	shut16(w, at, lie);
}

static void put_sni(struct writer *w, const char *name, const char *second, int lie)
{
	size_t extension, list;

	put16(w, 0);
	extension = open16(w);
	list = open16(w);
	put_name(w, name, lie);
	if (second)
		put_name(w, second, 0);
	shut16(w, list, 0);
	shut16(w, extension, 0);
}

static void put_alpn(struct writer *w, const char *alpn, int lie)
{
	size_t extension, list;

	put16(w, 16);
	extension = open16(w);
	list = open16(w);
	put(w, alpn, strlen(alpn));
	shut16(w, list, lie);
	shut16(w, extension, 0);
}

static void put_versions(struct writer *w, const char *versions)
{
	size_t length = 0, extension;

	while (versions[length] || versions[length + 1])
		length += 2;
	put16(w, 43);
	extension = open16(w);
	put8(w, (unsigned int)length);
	put(w, versions, length);
	shut16(w, extension, 0);
}

static void put_filler(struct writer *w, unsigned int type, size_t length)
{
	put16(w, type);
	put16(w, (unsigned int)length);
	fill(w, 0x5a, length);
}

static void put_extensions(struct writer *w, const struct hello *h)
{
	size_t i;

	for (i = 0; i < h->many; i++)
		put_filler(w, 0x3a00 + (unsigned int)i, i % 7);
	if (h->share)
		put_filler(w, 51, h->share);
	if (h->sni)
		put_sni(w, h->sni, h->second, h->lie_sni);
	if (h->again)
		put_sni(w, h->again, NULL, 0);
	if (h->alpn)
		put_alpn(w, h->alpn, h->lie_alpn);
	if (!h->versions || *h->versions)
		put_versions(w, h->versions ? h->versions : "\3\4\3\3\0\0");
	if (h->ech)
		put_filler(w, 0xfe0d, 180);
	put_filler(w, 0xff01, 1);
	w->bytes[w->used - 2] = (__u8)(1 + h->lie_last);
}

/* The handshake message, RFC 8446, 4.1.2. */
static void put_message(struct writer *w, const struct hello *h)
{
	size_t session = h->session ? (size_t)(h->session > 0 ? h->session : 0) : 32;
	size_t at, length;

	put8(w, 1);
	put8(w, 0);
	put16(w, 0);
	put16(w, h->legacy ? (unsigned int)h->legacy : 0x303);
	fill(w, 0xa7, 32);
	put8(w, (unsigned int)((int)session + h->lie_session));
	fill(w, 0x33, session);
	at = open16(w);
	put(w, "\x13\x01\x13\x02\xc0\x2f", 6);
	shut16(w, at, h->lie_ciphers);
	put(w, "\1", 2);
	at = open16(w);
	put_extensions(w, h);
	shut16(w, at, h->lie_extensions);
	fill(w, 0, (size_t)h->trailing);
	length = w->used - 4 + (size_t)h->lie_hello;
	w->bytes[1] = (__u8)(length >> 16);
	w->bytes[2] = (__u8)(length >> 8);
	w->bytes[3] = (__u8)length;
}

size_t hello_build(const struct hello *hello, __u8 *to)
{
	static struct writer message, records;
	size_t at = 0, most = hello->record ? hello->record : 16384;

	message.used = records.used = 0;
	put_message(&message, hello);
	while (at < message.used) {
		size_t length = message.used - at < most ? message.used - at : most;
		size_t written = length + (size_t)(at ? 0 : hello->lie_record);

		put8(&records, at && hello->other_type ? (unsigned int)hello->other_type : 22);
		put16(&records, 0x301);
		put16(&records, (unsigned int)written);
		put(&records, message.bytes + at, length);
		at += length;
	}
	memcpy(to, records.bytes, records.used);
	return records.used;
}
