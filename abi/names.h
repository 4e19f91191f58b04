/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The words of the enums, for user space: what rules, JSON, counters and docs say. */

#include "app.h"
#include "flow.h"
#include "inner.h"
#include "reason.h"
#include "rule.h"
#include "verdict.h"

/* clang-format off */
static const char *const sl_verdict_names[] __attribute__((unused)) = {
#define X(name, word) [SL_##name] = word,
	SL_VERDICTS(X)
#undef X
};

static const char *const sl_hook_names[] __attribute__((unused)) = {
#define X(name, word) [SL_HOOK_##name] = word,
	SL_HOOKS(X)
#undef X
};

static const char *const sl_tunnel_names[] __attribute__((unused)) = {
#define X(name, word) [SL_TUNNEL_##name] = word,
	SL_TUNNELS(X)
#undef X
};

static const char *const sl_dir_names[] __attribute__((unused)) = {
#define X(name, word) [SL_DIR_##name] = word,
	SL_DIRS(X)
#undef X
};

static const char *const sl_app_names[] __attribute__((unused)) = {
#define X(name, word) [SL_APP_##name] = word,
	SL_APPS(X)
#undef X
};
_Static_assert(sizeof(sl_app_names) / sizeof(*sl_app_names) == SL_APP_MAX_, "words");

static const char *const sl_flow_state_names[] __attribute__((unused)) = {
#define X(name, word) [SL_FLOW_##name] = word,
	SL_FLOW_STATES(X)
#undef X
};

static const char *const sl_flow_to_names[] __attribute__((unused)) = {
#define X(name, word) [SL_FLOW_TO_##name] = word,
	SL_FLOW_TOS(X)
#undef X
};

static const char *const sl_flow_class_names[] __attribute__((unused)) = {
#define X(name, word, seconds) [SL_FLOW_CLASS_##name] = word,
	SL_FLOW_CLASSES(X)
#undef X
};

static const char *const sl_reason_names[] __attribute__((unused)) = {
	[SL_REASON_NONE] = "none",
#define X(name, word, class, text) [SL_REASON_##name] = word,
	SL_REASONS(X)
#undef X
};

static const char *const sl_reason_texts[] __attribute__((unused)) = {
	[SL_REASON_NONE] = "",
#define X(name, word, class, text) [SL_REASON_##name] = text,
	SL_REASONS(X)
#undef X
};

static const unsigned char sl_reason_classes[] __attribute__((unused)) = {
	[SL_REASON_NONE] = SL_CLASS_MAX_,
#define X(name, word, class, text) [SL_REASON_##name] = SL_CLASS_##class,
	SL_REASONS(X)
#undef X
};

static const char *const sl_class_names[] __attribute__((unused)) = {
#define X(name, word, drop, text) [SL_CLASS_##name] = word,
	SL_CLASSES(X)
#undef X
};

static const unsigned char sl_class_drops[] __attribute__((unused)) = {
#define X(name, word, drop, text) [SL_CLASS_##name] = drop,
	SL_CLASSES(X)
#undef X
};

/* clang-format on */

_Static_assert(sizeof(sl_reason_names) / sizeof(*sl_reason_names) == SL_REASON_MAX_, "a word each");
_Static_assert(sizeof(sl_verdict_names) / sizeof(*sl_verdict_names) == SL_VERDICT_MAX_,
	       "a word each");
