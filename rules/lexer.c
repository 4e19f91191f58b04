/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "lexer.h"

#include "diag.h"
#include "parser.h"
#include "scan.h"

static int from_queue(struct sl_lexer *lexer, struct sl_loc *loc)
{
	struct sl_lexer_token first = lexer->queue[0];
	unsigned int i;

	lexer->queued--;
	for (i = 0; i < lexer->queued; i++)
		lexer->queue[i] = lexer->queue[i + 1];
	*loc = first.loc;
	return first.token;
}

static void to_queue(struct sl_lexer *lexer, int token, struct sl_loc loc)
{
	lexer->queue[lexer->queued++] = (struct sl_lexer_token) { token, loc };
}

static bool starts_statement(int token)
{
	return token == T_CHAIN || token == T_DEFINE || token == T_INCLUDE ||
	       token == T_INTERFACE || token == T_ON || token == T_SET || token == T_GEOIP ||
	       token == T_FLOWS;
}

static bool opens_block(int token)
{
	return token == T_CHAIN || token == T_INTERFACE || token == T_SET || token == T_FLOWS;
}

/*
 * Inside a block, a line begins with what opens another one, or the file ends: a '}' was forgotten.
 * Say so, and go on as if it were there.
 */
static int close_block(struct sl_lexer *lexer, int token, struct sl_loc *loc)
{
	sl_parser_note(lexer->parser,
		       sl_diag_error(lexer->parser->diag, &lexer->block_loc,
				     "this block is not closed: its '}' is missing"));
	lexer->depth = 0;
	lexer->skipping = false;
	lexer->unclosed = true;
	to_queue(lexer, T_NEWLINE, *loc);
	to_queue(lexer, token, *loc);
	return '}';
}

/* No block stands in another one. In a chain, `set` begins a rule. */
static bool opens_other_block(const struct sl_lexer *lexer, int token)
{
	return opens_block(token) && !(token == T_SET && lexer->statement == T_CHAIN);
}

static bool is_missing_brace(const struct sl_lexer *lexer, int token)
{
	if (!lexer->block_depth)
		return false;
	if (token == T_END)
		return true;
	return opens_other_block(lexer, token) && lexer->last == T_NEWLINE &&
	       (lexer->depth == lexer->block_depth || lexer->skipping_set);
}

static void open_brace(struct sl_lexer *lexer, const struct sl_loc *loc)
{
	lexer->depth++;
	if (lexer->depth == 1 && !lexer->skipping && opens_block(lexer->statement)) {
		lexer->block_depth = 1;
		lexer->block_loc = *loc;
	}
}

/* Whether the words that follow are names: from a word that asks for them to the end of its values. */
static bool goes_on_with_names(const struct sl_lexer *lexer, int token)
{
	if (token == T_COUNTRY || token == T_IIFNAME || token == T_OIFNAME || token == T_EXTHDR)
		return true;
	if (!lexer->names || token == '}' || token == ';')
		return false;
	if (lexer->depth > lexer->block_depth)
		return true;
	return token == T_EQ || token == T_NE;
}

static int next(struct sl_lexer *lexer, SL_YYSTYPE *value, struct sl_loc *loc)
{
	int token;

	if (lexer->queued)
		return from_queue(lexer, loc);
	token = sl_scan(value, loc, lexer->scanner);
	if (token == T_END)
		*loc = (struct sl_loc) { lexer->source, lexer->position, lexer->position };
	if (is_missing_brace(lexer, token))
		return close_block(lexer, token, loc);
	if (token == '{')
		open_brace(lexer, loc);
	else if (token == '}' && lexer->depth)
		lexer->depth--;
	lexer->names = goes_on_with_names(lexer, token);
	return token;
}

static bool is_statement_end(const struct sl_lexer *lexer, int token)
{
	if (token == '}')
		return lexer->closed_block;
	if (token == T_NEWLINE || token == ';')
		return lexer->depth <= lexer->block_depth;
	return token == T_END;
}

/* Tokens that at the start of a line show that an open set has been forgotten. */
static bool begins_anew(int token)
{
	return token == T_LABEL || token == T_POLICY || starts_statement(token);
}

/* A set that is never closed must not swallow the rules after it. */
static bool set_is_open(struct sl_lexer *lexer, int token, int before, const struct sl_loc *loc)
{
	if (!lexer->skipping_set || before != T_NEWLINE || !begins_anew(token))
		return false;
	lexer->depth = lexer->block_depth;
	to_queue(lexer, token, *loc);
	return true;
}

int sl_yylex(SL_YYSTYPE *value, struct sl_loc *loc, struct sl_lexer *lexer)
{
	bool skipping = true;
	int token, before;

	while (skipping) {
		before = lexer->last;
		token = next(lexer, value, loc);
		lexer->last = token;
		lexer->closed_block = token == '}' && lexer->depth < lexer->block_depth;
		skipping = lexer->skipping && !is_statement_end(lexer, token);
		if (skipping && set_is_open(lexer, token, before, loc)) {
			token = T_NEWLINE;
			break;
		}
	}
	if (lexer->closed_block)
		lexer->block_depth = 0;
	if (!lexer->depth && (starts_statement(token) || token == '}'))
		lexer->statement = token;
	lexer->skipping = false;
	lexer->skipping_set = false;
	lexer->before = lexer->returned;
	lexer->returned = token;
	lexer->before_loc = lexer->last_loc;
	lexer->last_loc = *loc;
	return token;
}

static bool opens_rule(const struct sl_lexer *lexer, int token)
{
	return lexer->depth > lexer->block_depth && lexer->before == T_NEWLINE &&
	       begins_anew(token);
}

void sl_lex_skip(struct sl_lexer *lexer, int token, const struct sl_loc *loc)
{
	lexer->keep = is_statement_end(lexer, token);
	/* A token that was kept and is wrong again would be kept forever. */
	lexer->stuck = token == T_END || (lexer->keep && lexer->stuck_at == loc->end);
	lexer->stuck_at = loc->end;
	if (lexer->keep)
		return;
	if (opens_rule(lexer, token)) {
		/* In a set that was not closed: the rule that begins here shall be read. */
		lexer->depth = lexer->block_depth;
		to_queue(lexer, T_NEWLINE, lexer->last_loc);
		if (lexer->block_depth && opens_other_block(lexer, token)) {
			lexer->depth = 0;
			to_queue(lexer, '}', lexer->last_loc);
			to_queue(lexer, T_NEWLINE, lexer->last_loc);
		}
		to_queue(lexer, token, lexer->last_loc);
		return;
	}
	/* "chain {": what follows is no block whose rules could be read. */
	if (token == '{' && lexer->depth == lexer->block_depth)
		lexer->block_depth = 0;
	lexer->skipping = true;
	lexer->skipping_set = lexer->depth > lexer->block_depth && token != '{';
}
