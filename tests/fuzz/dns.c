// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * DNS messages: what the data path reads must be what a reading byte by byte finds, and nothing
 * behind the message may be touched. The first byte of the input says whether the port is one of DNS.
 */

#include <ctype.h>
#include <stdbool.h>

#include "place.h"

#include "dns.h"

struct plain {
	bool is_dns;
	bool has_question;
	unsigned int type;
	char name[256]; /* with dots, no dot at the end */
	unsigned int labels;
	bool odd; /* a dot within a label */
};

static unsigned int word(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Where the name ends; 0: it does not. */
static size_t plain_name(struct plain *plain, const uint8_t *message, size_t length)
{
	size_t at = 12, used = 0, i;

	while (at < length) {
		size_t label = message[at++];

		if (!label)
			return at;
		if (label > 63 || at + label > length || at + label + 1 - 12 > 255)
			return 0;
		if (plain->labels++)
			plain->name[used++] = '.';
		for (i = 0; i < label; i++, at++) {
			plain->odd |= message[at] == '.';
			plain->name[used++] =
				(char)(message[at] < 0x80 ? tolower(message[at]) : message[at]);
		}
		plain->name[used] = '\0';
	}
	return 0;
}

static struct plain plain_read(const uint8_t *message, size_t length, bool on_port)
{
	static const unsigned int classes[] = { 1, 3, 4, 254, 255 };
	struct plain plain = {};
	size_t at, i, records;

	if (length < 12)
		return plain;
	if (word(message + 4) != 1 && !on_port)
		return plain;
	if (!word(message + 4)) {
		records = word(message + 6) + word(message + 8) + word(message + 10);
		plain.is_dns = records && records * 11 <= length - 12;
		return plain;
	}
	at = plain_name(&plain, message, length);
	if (!at || length - at < 4)
		return plain;
	plain.has_question = true;
	plain.type = word(message + at);
	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		plain.is_dns |= (word(message + at + 2) & 0x7fff) == classes[i];
	return plain;
}

static void compare_name(const struct plain *plain, const struct sl_app_found *found)
{
	const struct sl_name *name = &found->name;
	size_t length = strlen(plain->name), at = 0, i;

	PLACE_CHECK(found->has & SL_APP_HAS_NAME);
	if (!plain->labels || plain->odd) {
		PLACE_CHECK(!name->length && !name->labels);
		return;
	}
	/* A NUL may be in a label: lengths come from the labels. */
	PLACE_CHECK(name->labels == plain->labels && name->length >= length);
	PLACE_CHECK(!memcmp(name->text, plain->name, name->length));
	for (i = 0; i < name->labels; i++) {
		PLACE_CHECK(name->label[i] == at);
		while (at < name->length && name->text[at] != '.')
			at++;
		at++;
	}
	PLACE_CHECK(at == name->length + 1U);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sl_app_found *found;
	struct plain plain;
	bool on_port, is_dns;
	__u32 length;

	if (!sl_arena_base)
		place_init();
	if (!size)
		return 0;
	on_port = data[0] & 1;
	length = place(data + 1, size - 1);
	found = place_found();
	plain = plain_read(data + 1, length, on_port);
	is_dns = sl_dns_read(place_bytes, length, place_work, on_port);

	PLACE_CHECK(is_dns == plain.is_dns);
	if (!is_dns)
		return 0;
	PLACE_CHECK(found->app == SL_APP_DNS && found->has & SL_APP_HAS_MESSAGE);
	PLACE_CHECK(found->dns_response == data[3] >> 7);
	PLACE_CHECK(found->dns_opcode == (data[3] >> 3 & 15));
	PLACE_CHECK(found->dns_rcode == (data[4] & 15));
	PLACE_CHECK(!!(found->has & SL_APP_HAS_TYPE) == plain.has_question);
	if (!plain.has_question)
		return 0;
	PLACE_CHECK(found->dns_qtype == plain.type);
	compare_name(&plain, found);
	return 0;
}
