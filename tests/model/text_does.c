// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* What rules do, as docs/rules.md has it. */
#include "fuzz.h"

void text_stmt(FILE *to, const struct m_stmt *s)
{
	static const char *const words[] = { "set dscp", "set ttl", "set mss", "set vlan id",
					     "set vlan pcp" };
	static const char *const bases[] = { "frame", "network", "transport", "payload" };

	if (s->kind == M_PUSH_VLAN) {
		fprintf(to, "push vlan id %u ", (unsigned int)s->value & 0xfff);
		if (s->value >> 13)
			fprintf(to, "pcp %u ", (unsigned int)s->value >> 13);
		return;
	}
	if (s->kind == M_MIRROR) {
		fputs(s->value ? "mirror there0 " : "mirror nowhere0 ", to);
		return;
	}
	if (s->kind == M_POP_VLAN) {
		fputs("pop vlan ", to);
		return;
	}
	if (s->kind != M_SET_BYTES) {
		fprintf(to, "%s %u ", words[s->kind], (unsigned int)s->value);
		return;
	}
	fprintf(to, "set %s @%d,%d ", bases[s->base], s->offset, s->length);
	if (s->mask != ~(wide)0 >> (128 - 8 * s->length)) {
		fputs("& ", to);
		put_hex(to, s->mask);
		fputs(" ", to);
	}
	put_hex(to, s->value);
	fputs(" ", to);
}

void text_answer(FILE *to, const struct m_rule *rule, struct chance *c)
{
	static const char *const types[][2] = {
		[SL_REJECT_NET] = { "net-unreachable", "no-route" },
		[SL_REJECT_HOST] = { "host-unreachable", "addr-unreachable" },
		[SL_REJECT_PORT] = { "port-unreachable", "port-unreachable" },
		[SL_REJECT_ADMIN] = { "admin-prohibited", "admin-prohibited" },
	};

	if (rule->action == SL_REDIRECT) {
		fprintf(to, chance_of(c, 50) ? "redirect %s" : "redirect \"%s\"",
			rule->is_there ? "there0" : "nowhere0");
		return;
	}
	switch (rule->reject) {
	case SL_REJECT_AUTO:
		fputs("reject", to);
		return;
	case SL_REJECT_TCP_RESET:
		fputs("reject with tcp reset", to);
		return;
	case SL_REJECT_NXDOMAIN:
	case SL_REJECT_REFUSED:
		fprintf(to, "reply %s",
			rule->reject == SL_REJECT_NXDOMAIN ? "nxdomain" : "refused");
		return;
	case SL_REJECT_A:
	case SL_REJECT_AAAA:
		fputs(rule->reject == SL_REJECT_A ? "reply A " : "reply AAAA ", to);
		put_address(to, rule->address, rule->reject == SL_REJECT_A ? 4 : 6);
		return;
	default:
		fprintf(to, "reject with icmp%s %s%s",
			rule->with == 4	  ? ""
			: rule->with == 6 ? "v6"
					  : "x",
			chance_of(c, 50) ? "type " : "", types[rule->reject][chance_below(c, 2)]);
	}
}
