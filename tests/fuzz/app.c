// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What a stream or a datagram begins with. Nothing behind the message may be touched, every text that
 * was found lies in it, and a ClientHello in one record is what a reading byte by byte finds. The first byte of the input: bit 0 a datagram of QUIC, bit 1 on a
 * port of DNS.
 */

#include <stdbool.h>

#include "place.h"

#include "app_read.h"

static void check_text(const struct sl_text *text, __u32 length)
{
	if (!text->at)
		return;
	PLACE_CHECK(text->at >= place_bytes && text->at - place_bytes <= length);
	PLACE_CHECK(text->length <= length - (text->at - place_bytes));
}

static void check_found(__u32 length)
{
	const struct sl_app_found *found = place_found();

	if (!(found->has & SL_APP_HAS_MESSAGE))
		return;
	switch (found->app) {
	case SL_APP_TLS:
		check_text(&found->tls_alpn, length);
		PLACE_CHECK(found->tls_version >> 8 == 3);
		break;
	case SL_APP_HTTP:
		check_text(&found->http_method, length);
		check_text(&found->http_path, length);
		check_text(&found->http_agent, length);
		PLACE_CHECK(found->http_method.length >= 3);
		break;
	case SL_APP_SSH:
		check_text(&found->ssh_software, length);
		break;
	case SL_APP_QUIC:
		PLACE_CHECK(found->quic_type < SL_QUIC_TYPE_MAX_);
		break;
	}
	if (found->app != SL_APP_QUIC && found->has & SL_APP_HAS_NAME)
		PLACE_CHECK(found->name.length <= SL_NAME_MAX);
}

struct plain {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static unsigned int take(struct plain *s, unsigned int bytes)
{
	unsigned int x = 0;

	for (; bytes; bytes--) {
		if (!s->left) {
			s->bad = true;
			return 0;
		}
		x = x << 8 | *s->p++;
		s->left--;
	}
	return x;
}

static struct plain part(struct plain *s, size_t length)
{
	struct plain p = { s->p, length, false };

	if (length > s->left) {
		s->bad = true;
		return (struct plain) { s->p, 0, true };
	}
	s->p += length;
	s->left -= length;
	return p;
}

/* A ClientHello in one record: -1 when it is none or goes on, else whether its parts fit. */
static int plain_hello(const uint8_t *message, size_t length)
{
	struct plain s = { message, length, false }, record, hello, extensions, p;
	unsigned int size;

	if (take(&s, 1) != 22 || take(&s, 1) != 3 || take(&s, 1) > 4)
		return -1;
	size = take(&s, 2);
	if (s.bad || !size || size > 16384 || size > s.left)
		return -1;
	record = part(&s, size);
	if (take(&record, 1) != 1)
		return -1;
	size = take(&record, 3);
	if (record.bad || size > record.left)
		return -1;
	hello = part(&record, size);
	if (take(&hello, 2) >> 8 != 3)
		return 0;
	part(&hello, 32);
	size = take(&hello, 1);
	if (size > 32)
		return 0;
	part(&hello, size);
	size = take(&hello, 2);
	if (size < 2 || size % 2)
		return 0;
	part(&hello, size);
	size = take(&hello, 1);
	part(&hello, size);
	if (hello.bad || !size)
		return 0;
	if (!hello.left)
		return 1;
	size = take(&hello, 2);
	extensions = part(&hello, size);
	if (hello.bad || hello.left)
		return 0;
	while (extensions.left) {
		take(&extensions, 2);
		p = part(&extensions, take(&extensions, 2));
		if (extensions.bad || p.bad)
			return 0;
	}
	return 1;
}

static int read_part(const uint8_t *message, size_t size, bool datagram, bool on_port,
		     __u32 *length)
{
	*length = place(message, size);
	if (datagram)
		return sl_quic_read(place_bytes, *length, place_work);
	return sl_app_read_stream(place_bytes, *length, place_work, on_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool datagram, on_port;
	int whole, plain;
	__u32 length;

	if (!sl_arena_base)
		place_init();
	if (size < 2)
		return 0;
	datagram = data[0] & 1;
	on_port = data[0] & 2;
	whole = read_part(data + 1, size - 1, datagram, on_port, &length);
	PLACE_CHECK(whole >= SL_READ_NOT && whole <= SL_READ_WHOLE);
	if (whole == SL_READ_WHOLE)
		check_found(length);
	plain = datagram ? -1 : plain_hello(data + 1, length);
	if (plain >= 0) {
		PLACE_CHECK(whole == SL_READ_WHOLE && place_found()->app == SL_APP_TLS);
		PLACE_CHECK(!!(place_found()->has & SL_APP_HAS_MESSAGE) == plain);
	}
	return 0;
}
