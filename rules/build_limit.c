/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <stdint.h>
#include <string.h>

#include "diag.h"

/* As in nft, a limit without a burst lets that many packets through at once. */
#define BURST_PACKETS 5
/* The longest packet: one that is larger than the burst would never pass. */
#define BURST_BYTES   65536
/* Tokens are counted in time and in 64 bits: beyond this they would not be exact. */
#define RATE_MAX      (1ULL << 40)
#define LOG_SNAP_MAX  9216

static const char *const times[] = { "second", "minute", "hour", "day" };
static const __u32 time_seconds[] = { 1, 60, 3600, 86400 };

static const char *const byte_units[] = { "bytes", "kbytes", "mbytes", "gbytes" };
static const char *const packet_units[] = { "packets" };

static int find(const char *word, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count && strcmp(word, names[i]) != 0; i++)
		;
	return i;
}

/* Seconds, or 0 when it was complained about. */
static __u32 read_time(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *word = sl_ast_text(p, loc);
	int i;

	if (!word)
		return 0;
	i = find(word, times, 4);
	if (i < 4)
		return time_seconds[i];
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_unknown_word(p, loc, "time", word, times, 4));
	return 0;
}

/* A number that is not 0, times what its unit stands for; 0 when it was complained about. */
static __u64 read_amount(struct sl_parser *p, const struct sl_loc *loc, __u64 unit,
			 const char *what)
{
	const struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_NUMBER, loc);
	int err = 0;

	if (!atom)
		return 0;
	if (!atom->number)
		err = sl_diag_error(p->diag, loc, "a %s of 0 lets nothing through", what);
	else if (atom->number > RATE_MAX / unit)
		err = sl_diag_error(p->diag, loc, "a %s of '%s' is beyond all hardware", what,
				    atom->text);
	if (!err)
		return (__u64)atom->number * unit;
	p->stmt_now->bad = true;
	sl_parser_note(p, err);
	return 0;
}

/* What a word of bytes stands for; 0 when it was complained about. */
static __u64 read_unit(struct sl_parser *p, const struct sl_loc *loc)
{
	const char *word = sl_ast_text(p, loc);
	int i;

	if (!word)
		return 0;
	i = find(word, byte_units, 4);
	if (i < 4)
		return 1ULL << (10 * i);
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_unknown_word(p, loc, "unit", word, byte_units, 4));
	return 0;
}

static bool is_twice(struct sl_parser *p, const struct sl_loc *loc, bool *said, const char *what)
{
	bool twice = *said;

	*said = true;
	if (!twice)
		return false;
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, loc, "'%s' is given twice", what));
	return true;
}

void sl_ast_limit_rate(struct sl_parser *p, const struct sl_loc *number, const struct sl_loc *unit,
		       const struct sl_loc *time)
{
	struct sl_conf_limit *limit = &p->stmt_now->stmt.limit;
	__u64 factor = 1;

	if (unit) {
		limit->bytes = true;
		factor = read_unit(p, unit);
	}
	limit->rate = factor ? read_amount(p, number, factor, "rate") : 0;
	limit->unit_s = read_time(p, time);
}

/* A burst has the rate's unit; `packets` says what goes without saying. */
static __u64 burst_unit(struct sl_parser *p, const struct sl_loc *unit)
{
	const char *word = sl_ast_text(p, unit);

	if (!word)
		return 0;
	if (p->stmt_now->stmt.limit.bytes)
		return read_unit(p, unit);
	if (!strcmp(word, packet_units[0]))
		return 1;
	p->stmt_now->bad = true;
	if (find(word, byte_units, 4) < 4)
		sl_parser_note(p, sl_diag_error(p->diag, unit,
						"the rate is in packets, so its burst is, too"));
	else
		sl_parser_note(p, sl_unknown_word(p, unit, "unit", word, packet_units, 1));
	return 0;
}

void sl_ast_limit_burst(struct sl_parser *p, const struct sl_loc *number, const struct sl_loc *unit)
{
	struct sl_conf_limit *limit = &p->stmt_now->stmt.limit;
	__u64 factor;

	if (is_twice(p, number, &p->burst_said, "burst"))
		return;
	if (!unit && limit->bytes) {
		p->stmt_now->bad = true;
		sl_parser_note(p,
			       sl_diag_error(p->diag, number,
					     "the rate is in bytes: give the burst a unit, too"));
		return;
	}
	factor = unit ? burst_unit(p, unit) : 1;
	limit->burst = factor ? read_amount(p, number, factor, "burst") : 0;
}

void sl_ast_limit_per(struct sl_parser *p, const struct sl_loc *loc)
{
	static const char *const names[] = {
		[SL_LIMIT_RULE] = "rule",
		[SL_LIMIT_SADDR] = "saddr",
		[SL_LIMIT_DADDR] = "daddr",
		[SL_LIMIT_FLOW] = "flow",
	};
	const char *word = sl_ast_text(p, loc);
	int i;

	if (!word || is_twice(p, loc, &p->per_said, "per"))
		return;
	i = find(word, names, 4);
	p->stmt_now->stmt.limit.per = (enum sl_limit_per)i;
	if (i < 4)
		return;
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_unknown_word(p, loc, "key", word, names, 4));
}

void sl_ast_limit_end(struct sl_parser *p)
{
	struct sl_conf_limit *limit = &p->stmt_now->stmt.limit;

	if (p->burst_said)
		return;
	limit->burst = limit->bytes ? limit->rate : BURST_PACKETS;
	if (limit->bytes && limit->burst < BURST_BYTES)
		limit->burst = BURST_BYTES;
}

void sl_ast_log_rate(struct sl_parser *p, const struct sl_loc *number, const struct sl_loc *time)
{
	struct sl_conf_log *log = &p->stmt_now->stmt.log;

	if (is_twice(p, number, &p->rate_said, "rate"))
		return;
	log->rate = read_amount(p, number, 1, "rate");
	log->unit_s = read_time(p, time);
}

void sl_ast_log_burst(struct sl_parser *p, const struct sl_loc *number)
{
	if (is_twice(p, number, &p->burst_said, "burst"))
		return;
	p->stmt_now->stmt.log.burst = read_amount(p, number, 1, "burst");
	if (p->rate_said)
		return;
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, number, "'burst' stands after 'rate'"));
}

void sl_ast_log_snap(struct sl_parser *p, const struct sl_loc *number)
{
	const struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_NUMBER, number);

	if (!atom || is_twice(p, number, &p->snap_said, "snap"))
		return;
	if (atom->number <= LOG_SNAP_MAX) {
		p->stmt_now->stmt.log.snap = (__u32)atom->number;
		return;
	}
	p->stmt_now->bad = true;
	sl_parser_note(p, sl_diag_error(p->diag, number,
					"'%s' is too large for 'snap': %d is the highest",
					atom->text, LOG_SNAP_MAX));
}

void sl_ast_log_sample(struct sl_parser *p, const struct sl_loc *first, const struct sl_loc *number)
{
	if (!is_twice(p, first, &p->sample_said, "1 in"))
		p->stmt_now->stmt.log.sample = sl_ast_sample(p, first, number);
}

void sl_ast_log_end(struct sl_parser *p)
{
	struct sl_conf_log *log = &p->stmt_now->stmt.log;

	if (log->rate && !p->burst_said)
		log->burst = BURST_PACKETS;
}
