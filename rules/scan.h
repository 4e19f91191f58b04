/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "lexer.h"
#include "parse.tab.h"

/* lex.l */
int sl_scan_open(struct sl_lexer *lexer);
void sl_scan_close(struct sl_lexer *lexer);
int sl_scan(SL_YYSTYPE *value, struct sl_loc *loc, void *scanner);

/* lexer.c: what the parser calls for each token. */
int sl_yylex(SL_YYSTYPE *value, struct sl_loc *loc, struct sl_lexer *lexer);
