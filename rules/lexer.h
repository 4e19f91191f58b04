/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <setjmp.h>
#include <stdbool.h>

#include "source.h"

struct sl_parser;

/*
 * From text to tokens. Between the scanner that flex makes and the parser stands sl_yylex(), which
 * counts braces and, after a syntax error, skips to where the next statement begins.
 */
struct sl_lexer {
	struct sl_parser *parser;
	const struct sl_source *source;
	void *scanner;
	char *buffer; /* the scanner's */
	jmp_buf *out_of_memory; /* where the scanner ends up when it cannot be set up */
	__u32 position;
	int last; /* the token scanned last */
	int returned; /* the token handed out last */
	int before; /* the token handed out before that one */
	struct sl_loc last_loc; /* of the token handed out last */
	struct sl_loc before_loc;

	unsigned int depth; /* braces open */
	unsigned int block_depth; /* of them, those of a chain, interface or set block: 0 or 1 */
	struct sl_loc block_loc; /* what opened the block */
	int statement; /* what the outermost statement begins with */
	bool closed_block; /* the last token was the '}' of a block */
	bool unclosed; /* a missing '}' has been reported */
	bool names; /* after a word whose values are names, such as "th" for Thailand */

	bool skipping; /* until the end of the statement */
	bool skipping_set; /* the error was between the braces of a set */
	bool stuck; /* nothing after the error can be read */
	__u32 stuck_at; /* where the last error was */
	bool keep; /* the token with the error ends the statement: the parser needs it */

	/* Tokens made up or put back, to be handed out first. */
	struct sl_lexer_token {
		int token;
		struct sl_loc loc;
	} queue[4];
	unsigned int queued;
};

/* Words that only mean something in some blocks are plain names in others. */
enum sl_keyword_where {
	SL_KEYWORD_ANYWHERE,
	SL_KEYWORD_IN_SETS,
	SL_KEYWORD_NOT_IN_SETS,
};

struct sl_keyword {
	const char *name;
	int token;
	enum sl_keyword_where where;
	const char *noun; /* what it is in a message: "action" */
};

/* keyword.c; NULL: an ordinary word. */
const struct sl_keyword *sl_keyword_find(const char *text, size_t length);
const struct sl_keyword *sl_keyword_of(int token, size_t *from);

/* syntax.c: the message for a token that cannot stand where it does. */
#define SL_SYNTAX_EXPECTED_MAX 192

struct sl_syntax_error {
	int token;
	struct sl_loc loc;
	const int *expected; /* tokens that could have stood there */
	size_t nexpected;
};
void sl_syntax_error(struct sl_lexer *lexer, const struct sl_syntax_error *error);

/* lexer.c: leaves out what is left of a statement in which the token is wrong. */
void sl_lex_skip(struct sl_lexer *lexer, int token, const struct sl_loc *loc);
