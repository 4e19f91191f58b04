/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "buf.h"
#include "rules.h"

/* Numbers that are the same in every run: a failure is repeated by its seed. */
struct random {
	__u64 state;
};

__u64 random_next(struct random *r);
/* 0 to below - 1. */
unsigned int random_below(struct random *r, unsigned int below);

bool random_chance(struct random *r, unsigned int percent);

#define PICK(r, list) (list)[random_below(r, sizeof(list) / sizeof(*(list)))]

/*
 * Parse random texts until one is right, leaving out rules that happen to never match; fail the
 * test when none is. The rules of the first ask for nothing but the key's fields, and count, accept
 * or drop; the second has the whole language.
 */
struct sl_conf *random_parsed(struct random *r, unsigned int rules);
struct sl_conf *random_whole(struct random *r, unsigned int rules);

/* rules_random_more.c: pieces of the language's other half. */
void random_sets(struct random *r, struct sl_buf *b);
void random_match(struct random *r, struct sl_buf *b, const char *dir);
/* Limits, statements and a verdict, at least one of them. */
void random_statements(struct random *r, struct sl_buf *b);

/* The chains from start to end of a text: parse or fail the test, with the messages. */
struct sl_conf *must_parse(const char *text);
