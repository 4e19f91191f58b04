/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "diag.h"
#include "print.h"
#include "suggest.h"

struct answer {
	const char *word;
	enum sl_reject kind;
};

/* What ICMP and ICMPv6 call the same thing. The first name of a kind is the one to print. */
static const struct answer answers[] = {
	{ "port-unreachable", SL_REJECT_PORT }, { "host-unreachable", SL_REJECT_HOST },
	{ "net-unreachable", SL_REJECT_NET },	{ "admin-prohibited", SL_REJECT_ADMIN },
	{ "addr-unreachable", SL_REJECT_HOST }, { "no-route", SL_REJECT_NET },
};

#define NANSWERS (sizeof(answers) / sizeof(*answers))

const char *sl_reject_name(enum sl_reject kind)
{
	size_t i;

	for (i = 0; i < NANSWERS; i++) {
		if (answers[i].kind == kind)
			return answers[i].word;
	}
	return NULL;
}

/* What a DNS query gets. */
static const char *const replies[] = {
	[SL_REJECT_NXDOMAIN] = "nxdomain",
	[SL_REJECT_REFUSED] = "refused",
	[SL_REJECT_A] = "A",
	[SL_REJECT_AAAA] = "AAAA",
};

const char *sl_reply_name(enum sl_reject kind)
{
	return replies[kind];
}

static enum sl_reject reply_find(const char *word)
{
	enum sl_reject kind = SL_REJECT_NXDOMAIN;

	while (kind < SL_REJECT_MAX_ && strcasecmp(word, replies[kind]))
		kind++;
	return kind;
}

static int read_reply(struct sl_parser *p, struct sl_part *part, const struct sl_loc *word,
		      const struct sl_loc *loc)
{
	bool has_addr = part->arg >= SL_REJECT_A, six = part->arg == SL_REJECT_AAAA;
	const struct sl_atom *addr;
	sl_u128 number;
	int i;

	if (has_addr != (loc != NULL))
		return sl_diag_error(p->diag, has_addr ? word : loc,
				     has_addr ? "an address is missing after '%s'"
					      : "no address belongs to '%s'",
				     sl_reply_name((enum sl_reject)part->arg));
	if (!has_addr)
		return 0;
	addr = sl_ast_addr(p, loc);
	if (!addr)
		return p->err;
	if (addr->kind == SL_ATOM_BAD)
		return -EINVAL;
	if (addr->kind != (six ? SL_ATOM_ADDR6 : SL_ATOM_ADDR4))
		return sl_diag_error(p->diag, loc, "'%s' takes an IPv%d address",
				     sl_reply_name((enum sl_reject)part->arg), six ? 6 : 4);
	number = six ? addr->number : addr->number << 96;
	for (i = 0; i < 16; i++)
		part->reply[i] = (__u8)(number >> (120 - 8 * i));
	return 0;
}

void sl_ast_reply(struct sl_parser *p, struct sl_part *part, const struct sl_loc *word,
		  const struct sl_loc *addr)
{
	const char *text = sl_ast_text(p, word);
	int err;

	if (!text)
		return;
	part->l3 = SL_L3_IPS;
	part->arg = reply_find(text);
	if (part->arg < SL_REJECT_MAX_)
		err = read_reply(p, part, word, addr);
	else
		err = sl_unknown_word(p, word, "reply", text, replies + SL_REJECT_NXDOMAIN,
				      SL_REJECT_MAX_ - SL_REJECT_NXDOMAIN);
	part->bad = err != 0;
	sl_parser_note(p, err);
}

struct sl_part *sl_ast_verdict(struct sl_parser *p, enum sl_verdict verdict,
			       const struct sl_loc *loc)
{
	struct sl_part *part = sl_ast_part(p, SL_AST_VERDICT, SL_SEL_MAX_, loc);

	if (part) {
		part->verdict = verdict;
		part->l3 = SL_L3_ALL;
	}
	return part;
}

void sl_ast_reject_tcp(struct sl_parser *p, struct sl_part *part, const struct sl_loc *word)
{
	static const char *const words[] = { "reset" };
	const char *text = sl_ast_text(p, word);

	if (!text)
		return;
	part->arg = SL_REJECT_TCP_RESET;
	part->l3 = SL_L3_IPS;
	if (!strcmp(text, words[0]))
		return;
	part->bad = true;
	sl_parser_note(p, sl_unknown_word(p, word, "answer", text, words, 1));
}

/* `icmp` answers IPv4 packets, `icmpv6` IPv6 packets and `icmpx` both. */
static int check_family(struct sl_parser *p, struct sl_part *part, const struct sl_loc *family)
{
	static const char *const words[] = { "tcp", "icmp", "icmpv6", "icmpx" };
	const char *text = sl_ast_text(p, family);

	if (!text)
		return p->err;
	if (!strcmp(text, "icmp"))
		part->l3 = SL_L3_BIT(SL_L3_IP4);
	else if (!strcmp(text, "icmpv6"))
		part->l3 = SL_L3_BIT(SL_L3_IP6);
	else if (!strcmp(text, "icmpx"))
		part->l3 = SL_L3_IPS;
	else
		return sl_parser_note(p, sl_unknown_word(p, family, "answer", text, words, 4));
	return 0;
}

void sl_ast_reject_icmp(struct sl_parser *p, struct sl_part *part, const struct sl_loc *family,
			const struct sl_loc *word)
{
	const char *text = sl_ast_text(p, word);
	struct sl_suggest suggest;
	char hint[SL_SUGGEST_HINT_MAX];
	size_t i;

	if (!text)
		return;
	part->bad = check_family(p, part, family) != 0;
	suggest = sl_suggest_for(text);
	for (i = 0; i < NANSWERS; i++) {
		if (!strcmp(text, answers[i].word)) {
			part->arg = answers[i].kind;
			return;
		}
		sl_suggest_offer(&suggest, answers[i].word);
	}
	part->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, word, "unknown answer '%s'%s", text,
					suggest.best
						? sl_suggest_hint(&suggest, hint)
						: ": there are port-unreachable, host-unreachable, "
						  "net-unreachable and admin-prohibited"));
}
