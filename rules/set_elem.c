/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/* An element of a set as text. Files of a million lines go through here: IPv4 is read by hand. */

#include "set_content.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "addr.h"
#include "cover.h"
#include "field.h"
#include "words.h"

/* The text of one part. */
struct part {
	const char *text;
	size_t length;
	const char *whole; /* the element it is of */
	struct sl_elem_error *error;
};

static int complain(const struct part *part, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int complain(const struct part *part, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(part->error->text, sizeof(part->error->text), format, args);
	va_end(args);
	part->error->begin = (size_t)(part->text - part->whole);
	part->error->end = part->error->begin + part->length;
	return -EINVAL;
}

/* As much of a text as a message shows. */
#define SHOWN(part) ((part)->length < 60 ? (int)(part)->length : 60), (part)->text

/* Decimal digits; false when there are others, or too many. */
static bool read_decimal(const char *text, size_t length, unsigned int max, unsigned int *out)
{
	unsigned int value = 0;

	if (!length || length > 9)
		return false;
	while (length--) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned int)(*text++ - '0');
	}
	*out = value;
	return value <= max;
}

static bool read_ip4(const char *text, size_t length, sl_u128 *out)
{
	const char *end = text + length;
	__u32 addr = 0;
	int i;

	for (i = 0; i < 4; i++) {
		unsigned int byte = 0;
		const char *from;

		if (i && (text == end || *text != '.'))
			return false;
		text += i > 0;
		for (from = text; text < end && text < from + 3 && *text >= '0' && *text <= '9';
		     text++)
			byte = byte * 10 + (unsigned int)(*text - '0');
		if (text == from || byte > 255)
			return false;
		addr = addr << 8 | byte;
	}
	*out = addr;
	return text == end;
}

static bool read_ip6(const char *text, size_t length, sl_u128 *out)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	sl_u128 addr = 0;
	int i;

	if (length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET6, copy, bytes) != 1)
		return false;
	for (i = 0; i < 16; i++)
		addr = addr << 8 | bytes[i];
	*out = addr;
	return true;
}

static int read_one_addr(const struct part *part, sl_u128 *out, __u8 *l3)
{
	if (read_ip4(part->text, part->length, out)) {
		*l3 = SL_L3_BIT(SL_L3_IP4);
		return 0;
	}
	if (read_ip6(part->text, part->length, out)) {
		*l3 = SL_L3_BIT(SL_L3_IP6);
		return 0;
	}
	return complain(part, "'%.*s' is not an address", SHOWN(part));
}

static struct part before(const struct part *part, const char *mark)
{
	return (struct part) { part->text, (size_t)(mark - part->text), part->whole, part->error };
}

static struct part behind(const struct part *part, const char *mark)
{
	size_t skip = (size_t)(mark - part->text) + 1;

	return (struct part) { mark + 1, part->length - skip, part->whole, part->error };
}

/* Blanks around the '-' of a range. */
static struct part trim(struct part part)
{
	while (part.length && (*part.text == ' ' || *part.text == '\t')) {
		part.text++;
		part.length--;
	}
	while (part.length &&
	       (part.text[part.length - 1] == ' ' || part.text[part.length - 1] == '\t'))
		part.length--;
	return part;
}

static int read_prefix(const struct part *part, const char *slash, struct sl_interval *out,
		       __u8 *l3)
{
	struct part addr = before(part, slash), bits = behind(part, slash);
	unsigned int width, length;
	sl_u128 number, rest;

	if (read_one_addr(&addr, &number, l3))
		return -EINVAL;
	width = *l3 == SL_L3_BIT(SL_L3_IP4) ? 32 : 128;
	if (!read_decimal(bits.text, bits.length, width, &length))
		return complain(&bits, "'%.*s' is no prefix length from 0 to %u", SHOWN(&bits),
				width);
	rest = sl_ones(width - length);
	/* Bits beyond the prefix are left out, as ipset does: feeds have them. */
	*out = (struct sl_interval) { number & ~rest, number | rest };
	return 0;
}

static int read_addr_range(const struct part *part, const char *dash, struct sl_interval *out,
			   __u8 *l3)
{
	struct part low = trim(before(part, dash)), high = trim(behind(part, dash));
	__u8 other;

	if (read_one_addr(&low, &out->low, l3) || read_one_addr(&high, &out->high, &other))
		return -EINVAL;
	if (other != *l3)
		return complain(part, "a range from one address family to the other");
	if (out->low > out->high)
		return complain(part, "this range runs backwards");
	return 0;
}

static int read_addr(const struct part *part, struct sl_interval *out, __u8 *l3)
{
	const char *mark = memchr(part->text, '/', part->length);

	if (mark)
		return read_prefix(part, mark, out, l3);
	mark = memchr(part->text, '-', part->length);
	if (mark)
		return read_addr_range(part, mark, out, l3);
	if (read_one_addr(part, &out->low, l3))
		return -EINVAL;
	out->high = out->low;
	return 0;
}

/* A number, or a name from the vocabulary. */
static int read_word(const struct part *part, const struct sl_vocabulary *words, unsigned int max,
		     unsigned int *out)
{
	const struct sl_named *named;
	char word[32];

	if (read_decimal(part->text, part->length, max, out))
		return 0;
	if (part->length < sizeof(word)) {
		memcpy(word, part->text, part->length);
		word[part->length] = '\0';
		named = sl_word_find(words, word);
		if (named) {
			*out = named->low;
			return 0;
		}
	}
	return complain(part, "'%.*s' is no %s: a number from 0 to %u or a name", SHOWN(part),
			words->noun, max);
}

static int read_words(const struct part *part, const struct sl_vocabulary *words, unsigned int max,
		      struct sl_interval *out)
{
	const char *dash = memchr(part->text, '-', part->length);
	unsigned int low, high;
	struct part one;

	/* Names have dashes, too. */
	if (!dash || part->text[0] < '0' || part->text[0] > '9') {
		if (read_word(part, words, max, &low))
			return -EINVAL;
		*out = (struct sl_interval) { low, low };
		return 0;
	}
	one = trim(before(part, dash));
	if (read_word(&one, words, max, &low))
		return -EINVAL;
	one = trim(behind(part, dash));
	if (read_word(&one, words, max, &high))
		return -EINVAL;
	if (low > high)
		return complain(part, "this range runs backwards");
	*out = (struct sl_interval) { low, high };
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* aa:bb:cc:dd:ee:ff, or with dashes. */
static int read_mac(const struct part *part, struct sl_interval *out)
{
	sl_u128 mac = 0;
	size_t i;

	if (part->length != 17)
		return complain(part, "'%.*s' is not a MAC address", SHOWN(part));
	for (i = 0; i < 17; i++) {
		char c = part->text[i];

		if (i % 3 == 2 ? c != part->text[2] || (c != ':' && c != '-') : hex(c) < 0)
			return complain(part, "'%.*s' is not a MAC address", SHOWN(part));
		if (i % 3 != 2)
			mac = mac << 4 | (unsigned int)hex(c);
	}
	*out = (struct sl_interval) { mac, mac };
	return 0;
}

static int read_typed(const struct part *part, enum sl_set_type type, struct sl_interval *out,
		      __u8 *l3)
{
	switch (type) {
	case SL_TYPE_ADDR:
	case SL_TYPE_PREFIX:
		return read_addr(part, out, l3);
	case SL_TYPE_PORT:
		return read_words(part, &sl_words_port, 0xffff, out);
	case SL_TYPE_PROTO:
		return read_words(part, &sl_words_proto, 0xff, out);
	case SL_TYPE_MAC:
		return read_mac(part, out);
	case SL_TYPE_DOMAIN: /* see sl_domain_read() */
	case SL_TYPE_MAX_:
		break;
	}
	return -EINVAL;
}

static bool is_prefix(const struct sl_interval *range)
{
	sl_u128 span = range->high - range->low;

	return !(span & (span + 1)) && !(range->low & span);
}

/* Entries are found by their one key. */
static int check_entry(const struct part *part, enum sl_set_type type,
		       const struct sl_interval *range)
{
	if (type == SL_TYPE_PREFIX && !is_prefix(range))
		return complain(
			part,
			"'%.*s' is no prefix, and a set with a timeout or counters takes no other ranges",
			SHOWN(part));
	if (type != SL_TYPE_PREFIX && range->low != range->high)
		return complain(part, "'%.*s' is more than one %s, which this set cannot take%s",
				SHOWN(part), sl_set_type_names[type],
				type == SL_TYPE_ADDR ? " (type prefix can)" : "");
	return 0;
}

/* The next " . " from text on. */
static const char *find_dot(const char *text, const char *end)
{
	for (; text + 2 < end; text++)
		if (text[1] == '.' && (text[0] == ' ' || text[0] == '\t') &&
		    (text[2] == ' ' || text[2] == '\t'))
			return text + 1;
	return NULL;
}

static int read_part(const struct sl_set_spec *spec, unsigned int i, const struct part *part,
		     struct sl_conf_elem *out)
{
	__u8 l3 = 0;
	int err;

	err = read_typed(part, spec->type[i], &out->part[i], &l3);
	if (!err && l3 && out->l3 && l3 != out->l3)
		err = complain(part, "the addresses of an element are of one family");
	if (!err && !spec->plain)
		err = check_entry(part, spec->type[i], &out->part[i]);
	out->l3 |= l3;
	return err;
}

int sl_elem_read(const struct sl_set_spec *spec, const char *text, size_t length,
		 struct sl_conf_elem *out, struct sl_elem_error *error)
{
	struct part part = { text, length, text, error };
	const char *end = text + length, *dot = NULL;
	struct sl_conf_elem elem = {};
	unsigned int i;

	for (i = 0; i < spec->nparts; i++) {
		part.text = dot ? dot + 1 : text;
		part.length = (size_t)(end - part.text);
		dot = spec->nparts > 1 ? find_dot(part.text, end) : NULL;
		if (dot)
			part.length = (size_t)(dot - part.text);
		part = trim(part);
		if (!dot != (i + 1 == spec->nparts))
			return complain(&part,
					"an element of this set has %u parts, ' . ' between them",
					spec->nparts);
		if (read_part(spec, i, &part, &elem))
			return -EINVAL;
	}
	*out = elem;
	return 0;
}

/* --- printing --- */

static void print_addr(const struct sl_interval *range, __u8 l3, struct sl_buf *buf)
{
	enum sl_l3 family = l3 == SL_L3_BIT(SL_L3_IP4) ? SL_L3_IP4 : SL_L3_IP6;
	unsigned int bits = family == SL_L3_IP4 ? 32 : 128;
	char low[SL_ADDR_TEXT], high[SL_ADDR_TEXT];
	sl_u128 span;

	sl_addr_text(family, range->low, low);
	if (range->low == range->high) {
		sl_buf_add(buf, "%s", low);
	} else if (is_prefix(range)) {
		for (span = range->high - range->low; span; span >>= 1)
			bits--;
		sl_buf_add(buf, "%s/%u", low, bits);
	} else {
		sl_addr_text(family, range->high, high);
		sl_buf_add(buf, "%s-%s", low, high);
	}
}

static void print_number(const struct sl_interval *range, struct sl_buf *buf)
{
	sl_buf_add(buf, "%u", (unsigned int)range->low);
	if (range->low != range->high)
		sl_buf_add(buf, "-%u", (unsigned int)range->high);
}

void sl_elem_print(const struct sl_set_spec *spec, const struct sl_conf_elem *elem,
		   struct sl_buf *buf)
{
	unsigned int i, byte;

	for (i = 0; i < spec->nparts; i++) {
		const struct sl_interval *range = &elem->part[i];

		if (i)
			sl_buf_add(buf, " . ");
		if (spec->type[i] == SL_TYPE_ADDR || spec->type[i] == SL_TYPE_PREFIX)
			print_addr(range, elem->l3, buf);
		else if (spec->type[i] != SL_TYPE_MAC)
			print_number(range, buf);
		else
			for (byte = 0; byte < 6; byte++)
				sl_buf_add(buf, "%s%02x", byte ? ":" : "",
					   (unsigned int)(range->low >> (40 - 8 * byte)) & 0xff);
	}
}
