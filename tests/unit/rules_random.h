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

/* A configuration that parses without errors, but for rules that happen to never match. */
void random_conf(struct random *r, struct sl_buf *text, unsigned int rules);
/* Parses random texts until one is right; fails the test when none is. */
struct sl_conf *random_parsed(struct random *r, unsigned int rules);

/* The chains from start to end of a text: parse or fail the test, with the messages. */
struct sl_conf *must_parse(const char *text);
