/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "print.h"

#include <string.h>

void sl_parts_print(struct sl_buf *buf, const __u8 parts[SL_SET_PARTS], const char *ports)
{
	unsigned int i;

	for (i = 0; i < SL_SET_PARTS && parts[i]; i++) {
		sl_buf_add(buf, "%s", i ? " . " : "");
		switch ((enum sl_set_part)parts[i]) {
		case SL_PART_SADDR:
			sl_buf_add(buf, "saddr");
			break;
		case SL_PART_DADDR:
			sl_buf_add(buf, "daddr");
			break;
		case SL_PART_SPORT:
			sl_buf_add(buf, "%s sport", ports);
			break;
		case SL_PART_DPORT:
			sl_buf_add(buf, "%s dport", ports);
			break;
		case SL_PART_SMAC:
			sl_buf_add(buf, "ether saddr");
			break;
		case SL_PART_DMAC:
			sl_buf_add(buf, "ether daddr");
			break;
		case SL_PART_PROTO:
			sl_buf_add(buf, "proto");
			break;
		case SL_PART_QNAME:
			sl_buf_add(buf, "dns qname");
			break;
		case SL_PART_SNI:
			sl_buf_add(buf, "tls sni");
			break;
		case SL_PART_HOST:
			sl_buf_add(buf, "http host");
			break;
		case SL_PART_NONE:
			break;
		}
	}
}

static void print_countries(struct sl_buf *buf, const struct sl_conf_set *set)
{
	size_t i;

	sl_buf_add(buf, set->ncountries > 1 ? "{ " : "");
	for (i = 0; i < set->ncountries; i++)
		sl_buf_add(buf, "%s%s", i ? ", " : "", set->countries[i]);
	sl_buf_add(buf, set->ncountries > 1 ? " }" : "");
}

void sl_refs_print(struct sl_buf *buf, const struct sl_conf *conf,
		   const struct sl_conf_match *match, const char *ports)
{
	size_t i;

	for (i = 0; i < match->nsets; i++) {
		const struct sl_cond_set *cond = &match->sets[i];
		const struct sl_conf_set *set = &conf->sets[cond->set];

		sl_print_blank(buf);
		sl_parts_print(buf, cond->part, ports);
		sl_buf_add(buf, "%s%s ", set->ncountries ? " country" : "",
			   cond->negate ? " !=" : "");
		if (set->name)
			sl_buf_add(buf, "@%s", set->name);
		else if (set->ncountries)
			print_countries(buf, set);
		else
			sl_elems_print(buf, set);
	}
}

static void print_part(struct sl_buf *buf, enum sl_set_type type, __u8 l3,
		       const struct sl_interval *v)
{
	switch (type) {
	case SL_TYPE_ADDR:
	case SL_TYPE_PREFIX:
		sl_addr_print(buf, l3 & SL_L3_BIT(SL_L3_IP6) ? SL_L3_IP6 : SL_L3_IP4, v);
		break;
	case SL_TYPE_MAC:
		sl_mac_print(buf, v->low);
		if (v->low == v->high)
			break;
		sl_buf_add(buf, "-");
		sl_mac_print(buf, v->high);
		break;
	case SL_TYPE_PROTO:
		sl_word_print(buf, &sl_words_proto, false, v);
		break;
	default:
		sl_word_print(buf, &sl_words_none, false, v);
		break;
	}
}

static void print_numbers(struct sl_buf *buf, const struct sl_conf_set *set, __u8 l3,
			  const struct sl_intervals *numbers, const char **join)
{
	size_t i;

	for (i = 0; i < numbers->count; i++) {
		sl_buf_add(buf, "%s", *join);
		print_part(buf, set->type[0], l3, &numbers->v[i]);
		*join = ", ";
	}
}

void sl_elems_print(struct sl_buf *buf, const struct sl_conf_set *set)
{
	const struct sl_conf_elems *elems = &set->elems;
	const char *join = "{ ";
	unsigned int part;
	size_t i;

	if (set->type[0] == SL_TYPE_DOMAIN) {
		sl_buf_add(buf, elems->names.count > 1 ? "" : "{ ");
		sl_domains_print(buf, &elems->names);
		sl_buf_add(buf, elems->names.count > 1 ? "" : elems->names.count ? " }" : "}");
		return;
	}
	print_numbers(buf, set, SL_L3_BIT(SL_L3_IP4), &elems->four, &join);
	print_numbers(buf, set, SL_L3_BIT(SL_L3_IP6), &elems->six, &join);
	print_numbers(buf, set, 0, &elems->numbers, &join);
	for (i = 0; i < elems->count; i++) {
		for (part = 0; part < set->nparts; part++) {
			sl_buf_add(buf, "%s", part ? " . " : join);
			print_part(buf, set->type[part], elems->v[i].l3, &elems->v[i].part[part]);
		}
		join = ", ";
	}
	sl_buf_add(buf, *join == '{' ? "{ }" : " }");
}

static void print_time(struct sl_buf *buf, __u32 seconds)
{
	static const struct {
		char letter;
		__u32 seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (seconds >= units[i].seconds)
			sl_buf_add(buf, "%u%c", seconds / units[i].seconds, units[i].letter);
		seconds %= units[i].seconds;
	}
}

void sl_set_print(struct sl_buf *buf, const struct sl_conf_set *set)
{
	unsigned int part;
	size_t i;

	sl_buf_add(buf, "set %s {\n\ttype ", set->name);
	for (part = 0; part < set->nparts; part++)
		sl_buf_add(buf, "%s%s", part ? " . " : "", sl_set_type_names[set->type[part]]);
	sl_buf_add(buf, "\n");
	if (set->size)
		sl_buf_add(buf, "\tsize %u\n", set->size);
	if (set->timeout_s) {
		sl_buf_add(buf, "\ttimeout ");
		print_time(buf, set->timeout_s);
		sl_buf_add(buf, "\n");
	}
	if (set->counters)
		sl_buf_add(buf, "\tcounters\n");
	for (i = 0; i < set->nfiles; i++)
		sl_buf_add(buf, "\tfile \"%s\"\n", set->files[i].pattern);
	if (set->elems.four.count || set->elems.six.count || set->elems.numbers.count ||
	    set->elems.count || set->elems.names.count) {
		sl_buf_add(buf, "\telements ");
		sl_elems_print(buf, set);
		sl_buf_add(buf, "\n");
	}
	sl_buf_add(buf, "}\n");
}
