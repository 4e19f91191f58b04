/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "suggest.h"

bool sl_is_set_ref(const struct sl_part *part)
{
	const struct sl_values *values = part->values;

	return part->kind == SL_AST_MATCH && values && !values->braces && values->first &&
	       values->first->kind == SL_VALUE_SET;
}

int sl_refs_find(struct sl_parser *p, const struct sl_atom *name, const struct sl_loc *loc,
		 const struct sl_ast_set **out)
{
	struct sl_suggest suggest = sl_suggest_for(name->text);
	const struct sl_ast_set *set = sl_nametab_get(&p->set_names, name->text);
	char hint[SL_SUGGEST_HINT_MAX];

	if (set && set->bad)
		return -EINVAL;
	if (set) {
		*out = set;
		return 0;
	}
	for (set = p->sets; set; set = set->next)
		sl_suggest_offer(&suggest, set->name);
	return sl_diag_error(p->diag, loc, "there is no set '%s'%s", name->text,
			     sl_suggest_hint(&suggest, hint));
}

static bool fits(enum sl_set_part part, enum sl_set_type type)
{
	switch (part) {
	case SL_PART_SADDR:
	case SL_PART_DADDR:
		return type == SL_TYPE_ADDR || type == SL_TYPE_PREFIX;
	case SL_PART_SPORT:
	case SL_PART_DPORT:
		return type == SL_TYPE_PORT;
	case SL_PART_SMAC:
	case SL_PART_DMAC:
		return type == SL_TYPE_MAC;
	case SL_PART_PROTO:
		return type == SL_TYPE_PROTO;
	case SL_PART_QNAME:
	case SL_PART_SNI:
	case SL_PART_HOST:
		return type == SL_TYPE_DOMAIN;
	case SL_PART_NONE:
		break;
	}
	return false;
}

/* Whether what the selectors name is what is in the set. */
static int check_types(struct sl_parser *p, const struct sl_part *selectors,
		       const struct sl_ast_set *set, const struct sl_loc *loc)
{
	const struct sl_part *one;
	unsigned int i = 0;

	for (one = selectors; one && i < set->nparts; one = one->next, i++) {
		if (fits(sl_selectors[one->selector].part, set->type[i]))
			continue;
		return sl_diag_error(p->diag, loc, "'%s' is of type '%s', and '%s' is none",
				     set->name, sl_set_type_names[set->type[i]],
				     sl_selectors[one->selector].name);
	}
	if (!one && i == set->nparts)
		return 0;
	return sl_diag_error(p->diag, loc, "the elements of '%s' have %u part%s, and here are %s",
			     set->name, set->nparts, set->nparts > 1 ? "s" : "",
			     one ? "more" : "fewer");
}

int sl_refs_parts(struct sl_parser *p, const struct sl_part *selectors,
		  const struct sl_ast_set *set, const struct sl_loc *loc, __u8 to[SL_SET_PARTS])
{
	const struct sl_part *one;
	unsigned int i = 0;
	int err;

	err = check_types(p, selectors, set, loc);
	for (one = selectors; !err && one; one = one->next)
		to[i++] = (__u8)sl_selectors[one->selector].part;
	return err;
}

/* What the selectors look at, and what they ask for in passing. */
static int read_selectors(struct sl_narrow *n, const struct sl_part *part,
			  const struct sl_part *selectors, __u8 to[SL_SET_PARTS])
{
	const struct sl_part *one;
	unsigned int count = 0;
	int err;

	for (one = selectors; one; one = one->next) {
		const struct sl_selector_info *info = &sl_selectors[one->selector];

		if (!info->part)
			return sl_diag_error(
				n->p->diag, &one->head,
				"'%s' cannot be looked up in a set: addresses, ports, MAC addresses, protocols and names can",
				info->name);
		if (count == SL_SET_PARTS)
			return sl_diag_error(n->p->diag, &one->head,
					     "an element has at most %d parts", SL_SET_PARTS);
		to[count++] = (__u8)info->part;
		err = sl_matches_imply(n, info, part);
		if (err)
			return err;
		if (info->kind == SL_KIND_FIELD && sl_fields[info->field].header)
			n->header_by = part;
	}
	return 0;
}

/* The set that stands in braces: its types are those of what is looked at. */
static int make_set(struct sl_parser *p, const struct sl_part *part, const __u8 parts[SL_SET_PARTS],
		    struct sl_conf_set *set)
{
	static const enum sl_set_type types[] = {
		[SL_PART_SADDR] = SL_TYPE_ADDR,	 [SL_PART_DADDR] = SL_TYPE_ADDR,
		[SL_PART_SPORT] = SL_TYPE_PORT,	 [SL_PART_DPORT] = SL_TYPE_PORT,
		[SL_PART_SMAC] = SL_TYPE_MAC,	 [SL_PART_DMAC] = SL_TYPE_MAC,
		[SL_PART_PROTO] = SL_TYPE_PROTO, [SL_PART_QNAME] = SL_TYPE_DOMAIN,
		[SL_PART_SNI] = SL_TYPE_DOMAIN,	 [SL_PART_HOST] = SL_TYPE_DOMAIN,
	};
	struct sl_flat values = {};
	int err;

	err = sl_flat_read(p, part->values, &values);
	if (err)
		return err;
	if (!values.count)
		return sl_diag_error(p->diag, &part->values->loc,
				     "this set is empty: the rule can never match");
	set->loc = part->values->loc;
	for (; set->nparts < SL_SET_PARTS && parts[set->nparts]; set->nparts++)
		set->type[set->nparts] = types[parts[set->nparts]];
	err = sl_sets_types(p, set->type, set->nparts, &part->head);
	if (err)
		return err;
	return sl_elems_read(p, part->values, set);
}

static int nameless(struct sl_parser *p, const struct sl_part *part, struct sl_cond_set *cond)
{
	struct sl_conf_set *set = sl_sets_add(p->conf);
	if (!set)
		return -ENOMEM;
	cond->set = (__u32)p->conf->nsets - 1;
	return make_set(p, part, cond->part, set);
}

/* `saddr @set`, `saddr . dport @set` or `saddr . dport { ... }` */
int sl_refs_narrow(struct sl_narrow *n, const struct sl_part *part)
{
	const struct sl_part *selectors = part->kind == SL_AST_CONCAT ? part->selectors : part;
	const struct sl_value *first = part->values->first;
	struct sl_cond_set cond = { .negate = part->op == SL_CMP_NE };
	struct sl_parser *p = n->p;
	const struct sl_ast_set *set = NULL;
	struct sl_part alone;
	int err;

	if (part->kind != SL_AST_CONCAT) {
		alone = *part;
		alone.next = NULL;
		selectors = &alone;
	}
	if (part->op > SL_CMP_NE)
		return sl_diag_error(p->diag, &part->loc,
				     "what is in a set or not is asked with '==' or '!='");
	err = read_selectors(n, part, selectors, cond.part);
	if (err)
		return err;
	if (part->values->braces || !first || first->kind != SL_VALUE_SET) {
		err = nameless(p, part, &cond);
		return err ? err : sl_narrow_set(n, &cond, part);
	}
	err = sl_refs_find(p, &first->low, &first->loc, &set);
	if (!set)
		return err;
	err = check_types(p, selectors, set, &first->loc);
	if (err)
		return err;
	cond.set = set->index;
	return sl_narrow_set(n, &cond, part);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 3);
}

static int read_code(struct sl_parser *p, const struct sl_atom *atom, char code[3])
{
	if (!isalpha((unsigned char)atom->text[0]) || !isalpha((unsigned char)atom->text[1]) ||
	    atom->text[2])
		return sl_diag_error(p->diag, &atom->loc,
				     "'%s' is no country: two letters, as in 'de'", atom->text);
	code[0] = (char)tolower((unsigned char)atom->text[0]);
	code[1] = (char)tolower((unsigned char)atom->text[1]);
	code[2] = '\0';
	return 0;
}

/* The codes, ascending and each once; in the parser's pool. */
static int read_codes(struct sl_parser *p, const struct sl_part *part, char (**out)[3],
		      size_t *count)
{
	struct sl_flat names = {};
	char(*codes)[3];
	int failed, err;
	size_t i, n = 0;

	err = sl_flat_names(p, part->values, "country", &names);
	if (err)
		return err;
	codes = sl_pool_alloc(&p->pool, names.count * sizeof(*codes));
	if (!codes)
		return -ENOMEM;
	for (i = 0, failed = 0; i < names.count; i++) {
		err = read_code(p, &names.v[i]->low, codes[i]);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	if (failed)
		return failed;
	qsort(codes, names.count, sizeof(*codes), compare);
	for (i = 1; i < names.count; i++) {
		if (compare(codes[n], codes[i]))
			memmove(codes[++n], codes[i], sizeof(*codes));
	}
	*out = codes;
	*count = n + 1;
	return 0;
}

/* Rules that ask for the same countries share a set. */
static int find_countries(struct sl_parser *p, const struct sl_part *part, char (*codes)[3],
			  size_t count, __u32 *out)
{
	char *name = sl_pool_alloc(&p->pool, 3 * count + 1);
	struct sl_conf_set *set;
	uintptr_t found;
	size_t i;

	if (!name)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		memcpy(name + 2 * i, codes[i], 2);
	found = (uintptr_t)sl_nametab_get(&p->country_names, name);
	if (found) {
		*out = (__u32)found - 1;
		return 0;
	}
	set = sl_sets_add(p->conf);
	if (!set)
		return -ENOMEM;
	set->loc = part->values->loc;
	set->type[0] = SL_TYPE_ADDR;
	set->nparts = 1;
	assert(count);
	set->countries = calloc(count, sizeof(*set->countries));
	if (!set->countries)
		return -ENOMEM;
	memcpy(set->countries, codes, count * sizeof(*codes));
	set->ncountries = count;
	*out = (__u32)p->conf->nsets - 1;
	return sl_nametab_put(&p->country_names, name, (void *)(uintptr_t)p->conf->nsets);
}

int sl_refs_country(struct sl_narrow *n, const struct sl_part *part)
{
	const struct sl_selector_info *info = &sl_selectors[part->selector];
	struct sl_cond_set cond = { .negate = part->op == SL_CMP_NE, .part = { (__u8)info->part } };
	struct sl_parser *p = n->p;
	char(*codes)[3] = NULL;
	size_t count = 0;
	int err;

	if (!sl_selector_is_addr(info))
		return sl_diag_error(p->diag, &part->head,
				     "'country' stands after 'saddr' or 'daddr', not after '%s'",
				     info->name);
	if (part->op > SL_CMP_NE)
		return sl_diag_error(p->diag, &part->loc,
				     "countries compare with '==' or '!=' only");
	if (!p->geoip_loc.source)
		return sl_diag_error(
			p->diag, &part->head,
			"which country an address is in, is in a database: name it outside "
			"of chains, as in: geoip \"/var/lib/GeoIP/country.mmdb\"");
	err = read_codes(p, part, &codes, &count);
	if (!err)
		err = sl_matches_imply(n, info, part);
	if (!err)
		err = find_countries(p, part, codes, count, &cond.set);
	return err ? err : sl_narrow_set(n, &cond, part);
}
