/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <string.h>

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
