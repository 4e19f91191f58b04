/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "lexer.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "diag.h"
#include "parser.h"
#include "parse.tab.h"
#include "suggest.h"
#include "utf8.h"

#define SHOWN_MAX 40

static bool expects(const struct sl_syntax_error *error, int token)
{
	size_t i;

	for (i = 0; i < error->nexpected; i++) {
		if (error->expected[i] == token)
			return true;
	}
	return false;
}

/* What the text says at a place, cut when it is long. */
static const char *shown(const struct sl_loc *loc, char text[SHOWN_MAX + 4])
{
	size_t length = sl_loc_length(loc);

	snprintf(text, SHOWN_MAX + 4, "%.*s%s", (int)(length > SHOWN_MAX ? SHOWN_MAX : length),
		 sl_loc_bytes(loc), length > SHOWN_MAX ? "..." : "");
	return text;
}

static bool is_end(int token)
{
	return token == T_NEWLINE || token == T_END || token == ';' || token == '}';
}

/* "'accept'", "a number": what could have stood there. */
static void describe(struct sl_buf *buf, int token)
{
	size_t from = 0;
	const struct sl_keyword *keyword = sl_keyword_of(token, &from);

	switch (token) {
	case T_WORD:
		sl_buf_add(buf, "a name");
		break;
	case T_NUMBER:
		sl_buf_add(buf, "a number");
		break;
	case T_STRING:
		sl_buf_add(buf, "a name in quotes");
		break;
	case T_EQ:
		sl_buf_add(buf, "'=='");
		break;
	case T_NE:
		sl_buf_add(buf, "'!='");
		break;
	case T_SET_REF:
		sl_buf_add(buf, "a set, as in @name");
		break;
	case T_AT:
		sl_buf_add(buf, "a place, as in @8,4");
		break;
	case T_QUANTITY:
		sl_buf_add(buf, "a number with its unit");
		break;
	default:
		if (keyword)
			sl_buf_add(buf, "'%s'", keyword->name);
		else if (token < 0x80)
			sl_buf_add(buf, "'%c'", token);
		break;
	}
}

static bool can_describe(int token)
{
	size_t from = 0;

	return token == T_WORD || token == T_NUMBER || token == T_STRING || token == T_EQ ||
	       token == T_NE || token == T_SET_REF || token == T_AT || token == T_QUANTITY ||
	       (token > 0 && token < 0x80 && token != ';') || sl_keyword_of(token, &from);
}

/* Words that only go on with a match, and what they go on from. */
static const char *continues(int token)
{
	switch (token) {
	case T_SPORT:
	case T_DPORT:
		return "'tcp', 'udp', 'sctp' or 'th'";
	case T_FLAGS:
		return "'tcp'";
	case T_TYPE:
		return "'icmp' or 'icmpv6'";
	case T_ID:
	case T_PCP:
		return "'vlan' or 'cvlan'";
	case T_TAGS:
		return "'vlan'";
	case T_L4PROTO:
		return "'meta'";
	case T_QNAME:
		return "'dns'";
	case T_SNI:
		return "'tls'";
	case T_HOST:
		return "'http'";
	case T_WINDOW:
		return "'tcp'";
	case T_MSS:
		return "'tcp' or 'set'";
	case T_COUNTRY:
		return "'saddr' or 'daddr'";
	case T_RATE:
	case T_BURST:
		return "'limit' or 'log'";
	case T_OVER:
	case T_PER:
		return "'limit'";
	case T_SNAP:
		return "'log'";
	case T_OPCODE:
	case T_QTYPE:
	case T_QUERY:
	case T_RCODE:
	case T_RESPONSE:
		return "'dns'";
	case T_WITH:
		return "'reject'";
	case T_AT:
		return "'frame', 'network', 'transport' or 'payload'";
	default:
		return NULL;
	}
}

static bool begins_line(const struct sl_lexer *lexer)
{
	return lexer->before == T_NEWLINE || lexer->before == ';';
}

static int say(struct sl_lexer *lexer, const struct sl_syntax_error *error, const char *message)
{
	return sl_diag_error(lexer->parser->diag, &error->loc, "%s", message);
}

/* What a message lists; how a value may go on is left out where there is more to say. */
static size_t listed(const struct sl_syntax_error *error, int tokens[])
{
	size_t i, count = 0;

	for (i = 0; i < error->nexpected; i++) {
		if (can_describe(error->expected[i]) && error->expected[i] != '-' &&
		    error->expected[i] != '|' && error->expected[i] != '/' &&
		    error->expected[i] != '.')
			tokens[count++] = error->expected[i];
	}
	for (i = 0; !count && i < error->nexpected; i++) {
		if (error->expected[i] == '|')
			tokens[count++] = '|';
	}
	return count;
}

static void say_list(struct sl_buf *buf, const int *tokens, size_t count)
{
	size_t i;

	sl_buf_add(buf, "expected ");
	for (i = 0; i < count; i++) {
		sl_buf_add(buf, "%s", !i ? "" : i + 1 == count ? " or " : ", ");
		describe(buf, tokens[i]);
	}
}

/* "expected A, B or C after 'X', not 'Y'", or less when there is too much to choose from. */
static int say_expected(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	char before[SHOWN_MAX + 4], text[SHOWN_MAX + 4];
	int tokens[SL_SYNTAX_EXPECTED_MAX];
	size_t count = listed(error, tokens);
	struct sl_buf buf = {};
	int err;

	shown(&lexer->before_loc, before);
	shown(&error->loc, text);
	if (count && count <= 8) {
		say_list(&buf, tokens, count);
		if (!begins_line(lexer))
			sl_buf_add(&buf, " after '%s'", before);
		if (!is_end(error->token))
			sl_buf_add(&buf, ", not '%s'", text);
	} else if (!count && expects(error, T_NEWLINE)) {
		sl_buf_add(&buf, "a new line or ';' is missing before '%s'", text);
	} else if (lexer->before == T_LABEL && is_end(error->token)) {
		sl_buf_add(&buf, "the rule '%s' is empty", before);
	} else if (is_end(error->token)) {
		sl_buf_add(&buf, "something is missing after '%s'", before);
	} else if (continues(error->token)) {
		sl_buf_add(&buf, "'%s' only stands after %s", text, continues(error->token));
	} else {
		sl_buf_add(&buf, "'%s' cannot stand here", text);
	}
	err = buf.err ? buf.err : say(lexer, error, buf.text);
	sl_buf_clear(&buf);
	return err;
}

static bool is_glob(char byte)
{
	return byte == '*' || byte == '?' || byte == '[';
}

static int say_junk(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	const char *bytes = sl_loc_bytes(&error->loc);
	size_t length = sl_loc_length(&error->loc);
	struct sl_diag *diag = lexer->parser->diag;
	struct sl_loc one = { error->loc.source, error->loc.begin, error->loc.begin + 1 };
	char text[SHOWN_MAX + 4];

	if (*bytes == '"')
		return say(lexer, error, "this string is not closed: its second '\"' is missing");
	if (!*bytes)
		return say(lexer, error, "a NUL byte: this is not a text file");
	if (*bytes == '\\')
		return say(lexer, error, "a '\\' only stands at the end of a line that goes on");
	if (*bytes == '\r')
		return say(lexer, error, "a carriage return that ends no line");
	if (is_glob(*bytes) && (lexer->before == T_WORD || lexer->before == T_INTERFACE))
		return say(lexer, error, "a pattern goes into quotes, as in \"lan*\"");
	if (*bytes == '$')
		return say(lexer, error, "a name is missing after '$'");
	if (error->token == T_HANDLE)
		return sl_diag_error(
			diag, &error->loc,
			"'%s' is neither a number nor an address; a range is written as 22-80",
			shown(&error->loc, text));
	if (*bytes >= '0' && *bytes <= '9')
		return sl_diag_error(
			diag, &error->loc,
			"'%s' is neither a number nor an address, and names begin with a letter",
			shown(&error->loc, text));
	if ((*bytes & 0x80) && !sl_utf8_length(bytes, length))
		return sl_diag_error(diag, &one, "byte 0x%02x: this file is not UTF-8",
				     (unsigned char)*bytes);
	if (*bytes & 0x80) {
		one.end = one.begin + (__u32)sl_utf8_length(bytes, length);
		return sl_diag_error(diag, &one, "'%s' cannot stand in a name", shown(&one, text));
	}
	if ((unsigned char)*bytes < ' ' || *bytes == 0x7f)
		return sl_diag_error(diag, &one, "a control character (0x%02x)", *bytes);
	return sl_diag_error(diag, &error->loc, "'%s' cannot stand here", shown(&error->loc, text));
}

/* The keyword that fits here and that the word looks like. */
static const struct sl_keyword *guess(const struct sl_syntax_error *error, const char *word)
{
	struct sl_suggest suggest = sl_suggest_for(word);
	const struct sl_keyword *keyword;
	size_t i, from;

	for (i = 0; i < error->nexpected; i++) {
		for (from = 0; (keyword = sl_keyword_of(error->expected[i], &from));)
			sl_suggest_offer(&suggest, keyword->name);
	}
	return suggest.best ? sl_keyword_find(suggest.best, strlen(suggest.best)) : NULL;
}

/* What nft has for statements of ours. */
static const char *habit(const char *word)
{
	static const char *const words[][2] = {
		{ "fwd", "redirect" },
		{ "dup", "mirror" },
		{ "add", "ban" },
		{ "update", "ban" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(word, words[i][0]))
			return words[i][1];
	}
	return NULL;
}

/* A word that is no keyword, where only keywords fit. */
static int say_unknown(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	char word[SHOWN_MAX + 4], before[SHOWN_MAX + 4];
	struct sl_diag *diag = lexer->parser->diag;
	const struct sl_keyword *meant;

	shown(&error->loc, word);
	meant = guess(error, word);
	if (expects(error, T_SET_REF) && lexer->before == T_BAN)
		return sl_diag_error(diag, &error->loc,
				     "a set is named with an '@' before it, as in @%s", word);
	if (expects(error, T_DROP) && habit(word))
		return sl_diag_error(diag, &error->loc,
				     "unknown action '%s': it is called '%s' here", word,
				     habit(word));
	if (meant)
		return sl_diag_error(diag, &error->loc, "unknown %s '%s', did you mean '%s'?",
				     expects(error, T_ELEMENTS) ? "setting" : meant->noun, word,
				     meant->name);
	if (expects(error, T_CHAIN))
		return sl_diag_error(
			diag, &error->loc,
			"unknown statement '%s': there are include, interface, define, set, flows, geoip, on and chain",
			word);
	if (expects(error, T_XDP))
		return sl_diag_error(diag, &error->loc,
				     "unknown setting '%s': an interface has 'xdp' and 'tc'", word);
	if (expects(error, T_ELEMENTS))
		return sl_diag_error(
			diag, &error->loc,
			"unknown setting '%s': a set has type, size, timeout, counters, file and elements",
			word);
	if (expects(error, T_DROP) && expects(error, T_TCP) && begins_line(lexer))
		return sl_diag_error(diag, &error->loc, "unknown match or action '%s'", word);
	if (expects(error, T_DROP) && expects(error, T_TCP))
		return sl_diag_error(diag, &error->loc, "unknown match or action '%s' after '%s'",
				     word, shown(&lexer->before_loc, before));
	return say_expected(lexer, error);
}

static bool is_value(int token)
{
	return token == T_NUMBER || token == T_ADDR || token == T_REF || token == ',' ||
	       token == T_STRING || token == T_SET_REF || token == T_MAC;
}

static int say_missing_value(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	char before[SHOWN_MAX + 4], text[SHOWN_MAX + 4];

	if (begins_line(lexer))
		return sl_diag_error(lexer->parser->diag, &error->loc,
				     "a value or '}' is missing before '%s'",
				     shown(&error->loc, text));

	shown(&lexer->before_loc, before);
	if (error->token == '{' && lexer->depth > lexer->block_depth + 1)
		return say(lexer, error,
			   "a set cannot stand in a set: define it and write its $name");
	if (error->token == '{')
		return say(lexer, error, "one value stands here, and not a set of them");
	if (is_end(error->token))
		return sl_diag_error(lexer->parser->diag, &error->loc,
				     "a value is missing after '%s'", before);
	if (error->token == T_SET)
		return sl_diag_error(
			lexer->parser->diag, &error->loc,
			"a value is missing after '%s'; what changes it begins with 'set'", before);
	return sl_diag_error(lexer->parser->diag, &error->loc,
			     "a value is missing after '%s': '%s' is none", before,
			     shown(&error->loc, text));
}

/* Between the parts of a rule. */
static int say_rule(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	char text[SHOWN_MAX + 4], before[SHOWN_MAX + 4];
	struct sl_diag *diag = lexer->parser->diag;

	shown(&error->loc, text);
	shown(&lexer->before_loc, before);
	if (error->token == T_INCLUDE || error->token == T_DEFINE || error->token == T_ON)
		return sl_diag_error(diag, &error->loc,
				     "'%s' only stands outside of chains and interfaces", text);
	if ((is_value(error->token) || error->token == '-') && begins_line(lexer))
		return sl_diag_error(diag, &error->loc, "a rule cannot begin with '%s'", text);
	if (is_value(error->token))
		return sl_diag_error(
			diag, &error->loc,
			"'%s' has no place after '%s'; several values go into braces, as in { 22, 80 }",
			text, before);
	if (error->token == T_LABEL)
		return sl_diag_error(diag, &error->loc,
				     "'%s' names a rule, and a name only stands before its rule",
				     text);
	if (error->token == '=')
		return say(lexer, error, "a match compares with '==', or with nothing at all");
	if (error->token == '-')
		return say(lexer, error,
			   "a range is two numbers or two addresses with '-' between them");
	if (error->token == T_POLICY)
		return say(lexer, error, "the policy stands in a line of its own");
	return say_expected(lexer, error);
}

static int say_outside(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	char text[SHOWN_MAX + 4];
	size_t from = 0;

	shown(&error->loc, text);
	if (error->token == '}')
		return say(lexer, error, "this '}' closes nothing");
	if (error->token == T_LABEL || error->token == T_POLICY ||
	    (sl_keyword_of(error->token, &from) && error->token != T_XDP && error->token != T_TC))
		return sl_diag_error(
			lexer->parser->diag, &error->loc,
			"'%s' only stands inside a chain, as in: chain ingress { ... }", text);
	if (error->token == T_XDP || error->token == T_TC)
		return sl_diag_error(
			lexer->parser->diag, &error->loc,
			"'%s' only stands inside an interface, as in: interface eth0 { ... }",
			text);
	return sl_diag_error(lexer->parser->diag, &error->loc, "a statement cannot begin with '%s'",
			     text);
}

static int say_it(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	if (error->token == T_JUNK || error->token == T_QUANTITY || error->token == T_HANDLE)
		return say_junk(lexer, error);
	if (error->token == T_END && lexer->depth > lexer->block_depth)
		return say(lexer, error, "the file ends before the '}' of this set");
	if (expects(error, T_NUMBER) && expects(error, T_WORD))
		return say_missing_value(lexer, error);
	if (error->token == T_WORD)
		return say_unknown(lexer, error);
	if (expects(error, T_CHAIN))
		return say_outside(lexer, error);
	if (expects(error, T_DROP) && expects(error, T_TCP))
		return say_rule(lexer, error);
	return say_expected(lexer, error);
}

void sl_syntax_error(struct sl_lexer *lexer, const struct sl_syntax_error *error)
{
	if (error->token == T_END && lexer->unclosed)
		return;
	sl_parser_note(lexer->parser, say_it(lexer, error));
}
