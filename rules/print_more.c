/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "print.h"

#include <errno.h>
#include <string.h>

/* How the numbers of a condition are written. */
struct style {
	enum {
		DECIMAL,
		HEX,
		MAC
	} kind;
	unsigned int bytes; /* HEX */
	sl_u128 max;
	const struct sl_vocabulary *words; /* of single numbers; NULL: none */
};

static void print_number(struct sl_buf *buf, const struct style *style, sl_u128 number)
{
	if (style->kind == MAC)
		sl_mac_print(buf, number);
	else if (style->kind == HEX)
		sl_hex_print(buf, style->bytes, number);
	else
		sl_buf_add(buf, "%llu", (unsigned long long)number);
}

/* Alone, and not as an end of a range: a word may have a `-` in it. */
static void print_single(struct sl_buf *buf, const struct style *style, sl_u128 number)
{
	const char *word = style->words ? sl_word_name(style->words, (unsigned int)number) : NULL;

	if (word)
		sl_buf_add(buf, "%s", word);
	else
		print_number(buf, style, number);
}

static bool is_one(const struct sl_intervals *set)
{
	return set->count == 1 && set->v[0].low == set->v[0].high;
}

/* Numbers with words that follow each other mean nothing as a range. */
static bool are_words(const struct style *style, const struct sl_interval *v)
{
	sl_u128 number;

	if (!style->words || v->low == v->high)
		return false;
	for (number = v->low; number <= v->high; number++) {
		if (!sl_word_name(style->words, (unsigned int)number))
			return false;
	}
	return true;
}

static void print_interval(struct sl_buf *buf, const struct style *style,
			   const struct sl_interval *v)
{
	sl_u128 number;

	if (v->low == v->high) {
		print_single(buf, style, v->low);
		return;
	}
	if (!are_words(style, v)) {
		print_number(buf, style, v->low);
		sl_buf_add(buf, "-");
		print_number(buf, style, v->high);
		return;
	}
	for (number = v->low; number <= v->high; number++) {
		sl_buf_add(buf, number > v->low ? ", " : "");
		print_single(buf, style, number);
	}
}

static void print_list(struct sl_buf *buf, const struct style *style,
		       const struct sl_intervals *set)
{
	bool braces = set->count > 1 || (set->count && are_words(style, &set->v[0]));
	size_t i;

	sl_buf_add(buf, braces ? "{ " : "");
	for (i = 0; i < set->count; i++) {
		sl_buf_add(buf, i ? ", " : "");
		print_interval(buf, style, &set->v[i]);
	}
	sl_buf_add(buf, braces ? " }" : "");
}

/* The shortest of a comparison, the set and what is not in it; equal goes before a single number. */
static void print_set(struct sl_buf *buf, const struct style *style, const struct sl_intervals *set,
		      const char *equal)
{
	struct sl_intervals other = {};

	if (sl_intervals_copy(&other, set) || sl_intervals_complement(&other, style->max)) {
		buf->err = -ENOMEM;
	} else if (!is_one(set) && (is_one(&other) || (other.count && other.count < set->count))) {
		sl_buf_add(buf, "!= ");
		print_list(buf, style, &other);
	} else if (!is_one(set) && set->count == 1 && other.count == 1 && style->kind != MAC) {
		sl_buf_add(buf, set->v[0].low ? ">= " : "<= ");
		print_number(buf, style, set->v[0].low ? set->v[0].low : set->v[0].high);
	} else {
		sl_buf_add(buf, "%s", equal);
		print_list(buf, style, set);
	}
	sl_intervals_clear(&other);
}

static const char *const base_names[SL_BASE_MAX_] = {
#define X(name, word) word,
	SL_BASES(X)
#undef X
};

void sl_place_print(struct sl_buf *buf, enum sl_base base, unsigned int offset, unsigned int length)
{
	sl_buf_add(buf, "%s @%u,%u", base_names[base], offset, length);
}

static void print_raw(struct sl_buf *buf, const struct sl_cond_raw *raw,
		      const struct sl_intervals *proto)
{
	enum sl_selector selector = sl_raw_selector(raw, proto);
	sl_u128 max = ~(sl_u128)0 >> (128 - 8 * raw->length);
	struct style style = { HEX, raw->length, max, NULL };

	sl_print_blank(buf);
	if (selector != SL_SEL_MAX_) {
		style.kind = sl_selectors[selector].words == &sl_words_mac ? MAC : DECIMAL;
		sl_buf_add(buf, "%s ", sl_selectors[selector].name);
		print_set(buf, &style, &raw->set, "");
		return;
	}
	sl_place_print(buf, raw->base, raw->offset, raw->length);
	sl_buf_add(buf, " ");
	if (raw->mask != max) {
		sl_buf_add(buf, "& ");
		sl_hex_print(buf, raw->length, raw->mask);
		sl_buf_add(buf, " ");
	}
	print_set(buf, &style, &raw->set, raw->mask != max ? "== " : "");
}

void sl_raws_print(struct sl_buf *buf, const struct sl_conf_match *match)
{
	const struct sl_intervals *proto = sl_match_find(match, SL_FIELD_PROTO);
	const struct style style = { DECIMAL, 0, sl_selector_max(&sl_selectors[SL_SEL_TCP_MSS]),
				     NULL };
	size_t i;

	for (i = 0; i < match->nraws; i++)
		print_raw(buf, &match->raws[i], proto);
	if (!match->mss.count)
		return;
	sl_print_blank(buf);
	sl_buf_add(buf, "tcp mss ");
	print_set(buf, &style, &match->mss, "");
}

static void print_length(struct sl_buf *buf, const struct sl_cond_length *cond, __u8 l3)
{
	static const enum sl_selector selectors[SL_LENGTH_MAX_] = {
		[SL_LENGTH_FRAME] = SL_SEL_LENGTH,
		[SL_LENGTH_PACKET] = SL_SEL_IP_LENGTH,
		[SL_LENGTH_PAYLOAD] = SL_SEL_PAYLOAD_LENGTH,
		[SL_NUMBER_FLOW_STATE] = SL_SEL_FLOW_STATE,
		[SL_NUMBER_FLOW_TO] = SL_SEL_FLOW_TO,
		[SL_NUMBER_FLOW_AGE] = SL_SEL_FLOW_AGE,
		[SL_NUMBER_FLOW_PACKETS] = SL_SEL_FLOW_PACKETS,
		[SL_NUMBER_FLOW_BYTES] = SL_SEL_FLOW_BYTES,
		[SL_NUMBER_APP] = SL_SEL_APP,
		[SL_NUMBER_DNS] = SL_SEL_DNS,
		[SL_NUMBER_DNS_QTYPE] = SL_SEL_DNS_QTYPE,
		[SL_NUMBER_DNS_OPCODE] = SL_SEL_DNS_OPCODE,
		[SL_NUMBER_DNS_RCODE] = SL_SEL_DNS_RCODE,
	};
	bool six = cond->of == SL_LENGTH_PACKET && l3 == SL_L3_BIT(SL_L3_IP6);
	const struct sl_selector_info *info =
		&sl_selectors[six ? SL_SEL_IP6_LENGTH : selectors[cond->of]];
	const struct style style = { DECIMAL, 0, sl_selector_max(info), info->words };
	struct sl_intervals set = {};
	size_t i;

	sl_print_blank(buf);
	sl_buf_add(buf, "%s ", info->name);
	if (sl_intervals_copy(&set, &cond->set))
		buf->err = -ENOMEM;
	for (i = 0; i < set.count; i++) {
		set.v[i].low -= info->extra;
		set.v[i].high -= info->extra;
	}
	if (set.count)
		print_set(buf, &style, &set, "");
	sl_intervals_clear(&set);
}

void sl_lengths_print(struct sl_buf *buf, const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->nlengths; i++)
		print_length(buf, &match->lengths[i], match->l3);
}

/* Names in a pattern have blanks between them. */
static void print_pattern(struct sl_buf *buf, const char *pattern)
{
	bool several = strchr(pattern, ' ');
	const char *join = "";
	size_t length;

	sl_buf_add(buf, several ? "{ " : "");
	for (; *pattern; pattern += length + (pattern[length] == ' ')) {
		length = strcspn(pattern, " ");
		sl_buf_add(buf, "%s\"%.*s\"", join, (int)length, pattern);
		join = ", ";
	}
	sl_buf_add(buf, several ? " }" : "");
}

void sl_ifaces_print(struct sl_buf *buf, const struct sl_conf *conf, enum sl_dir dir,
		     const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->nifaces; i++) {
		const struct sl_cond_iface *cond = &match->ifaces[i];

		sl_print_blank(buf);
		sl_buf_add(buf, "%s %s", dir == SL_DIR_INGRESS ? "iifname" : "oifname",
			   cond->negate ? "!= " : "");
		print_pattern(buf, conf->patterns[cond->pattern]);
	}
}

/* Bare where it reads back so. */
static void print_name(struct sl_buf *buf, const struct sl_domain *domain)
{
	const char *text = domain->text, last = text[domain->length - 1];
	bool bare = last != '-' && *text != '-' &&
		    (domain->forms != SL_DOMAIN_SELF ||
		     (strchr(text, '.') && last != '_' && !(*text >= '0' && *text <= '9')));

	sl_buf_add(buf, bare ? "" : "\"");
	sl_domain_print(buf, domain);
	sl_buf_add(buf, bare ? "" : "\"");
}

void sl_domains_print(struct sl_buf *buf, const struct sl_domains *names)
{
	struct sl_domain domain;
	size_t at = 0, i;

	sl_buf_add(buf, names->count > 1 ? "{ " : "");
	for (i = 0; sl_domains_next(names, &at, &domain); i++) {
		sl_buf_add(buf, i ? ", " : "");
		print_name(buf, &domain);
	}
	sl_buf_add(buf, names->count > 1 ? " }" : "");
}

void sl_names_print(struct sl_buf *buf, const struct sl_conf_match *match)
{
	static const enum sl_selector selectors[SL_APP_MAX_] = {
		[SL_APP_DNS] = SL_SEL_DNS_QNAME,
		[SL_APP_TLS] = SL_SEL_TLS_SNI,
		[SL_APP_HTTP] = SL_SEL_HTTP_HOST,
	};
	size_t i;

	for (i = 0; i < match->nnames; i++) {
		const struct sl_cond_name *cond = &match->names[i];

		sl_print_blank(buf);
		sl_buf_add(buf, "%s %s", sl_selectors[selectors[cond->app]].name,
			   cond->negate ? "!= " : "");
		sl_domains_print(buf, &cond->names);
	}
}
