/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "print.h"

#include <stdint.h>
#include <string.h>

static const char *time_name(__u32 seconds)
{
	return seconds == 1	 ? "second"
	       : seconds == 60	 ? "minute"
	       : seconds == 3600 ? "hour"
				 : "day";
}

/* In the largest unit that it is a multiple of. */
static void print_amount(struct sl_buf *buf, bool bytes, __u64 number)
{
	static const char *const units[] = { "bytes", "kbytes", "mbytes", "gbytes" };
	unsigned int unit = 0;

	if (!bytes) {
		sl_buf_add(buf, "%llu", (unsigned long long)number);
		return;
	}
	for (; unit < 3 && !(number & 1023); unit++)
		number >>= 10;
	sl_buf_add(buf, "%llu %s", (unsigned long long)number, units[unit]);
}

static void print_limit(struct sl_buf *buf, const struct sl_conf_limit *limit)
{
	static const char *const keys[] = {
		[SL_LIMIT_RULE] = "",
		[SL_LIMIT_SADDR] = " per saddr",
		[SL_LIMIT_DADDR] = " per daddr",
		[SL_LIMIT_FLOW] = " per flow",
	};

	sl_buf_add(buf, "limit %s", limit->over ? "over " : "");
	print_amount(buf, limit->bytes, limit->rate);
	sl_buf_add(buf, "/%s burst ", time_name(limit->unit_s));
	print_amount(buf, limit->bytes, limit->burst);
	sl_buf_add(buf, "%s", keys[limit->per]);
}

static void print_log(struct sl_buf *buf, const struct sl_conf_log *log)
{
	sl_buf_add(buf, "log");
	if (log->rate)
		sl_buf_add(buf, " rate %llu/%s burst %llu", (unsigned long long)log->rate,
			   time_name(log->unit_s), (unsigned long long)log->burst);
	if (log->snap)
		sl_buf_add(buf, " snap %u", log->snap);
	if (log->sample > 1)
		sl_buf_add(buf, " 1 in %u", log->sample);
}

static void print_mark(struct sl_buf *buf, const struct sl_conf_mark *mark)
{
	sl_buf_add(buf, "mark set 0x%x", mark->value);
	if (mark->mask != UINT32_MAX)
		sl_buf_add(buf, "/0x%x", mark->mask);
}

static void print_priority(struct sl_buf *buf, __u32 value)
{
	if (value > 0xffff)
		sl_buf_add(buf, "priority set %x:%x", value >> 16, value & 0xffff);
	else
		sl_buf_add(buf, "priority set %u", value);
}

static void print_vlan(struct sl_buf *buf, const struct sl_conf_vlan *vlan)
{
	switch (vlan->change) {
	case SL_VLAN_ID:
		sl_buf_add(buf, "set vlan id %u", vlan->value);
		break;
	case SL_VLAN_PCP:
		sl_buf_add(buf, "set vlan pcp %u", vlan->value);
		break;
	case SL_VLAN_PUSH:
		sl_buf_add(buf, "push vlan id %u", vlan->value & 0xfff);
		if (vlan->value >> 13)
			sl_buf_add(buf, " pcp %u", vlan->value >> 13);
		break;
	case SL_VLAN_POP:
		sl_buf_add(buf, "pop vlan");
		break;
	}
}

static void print_hex(struct sl_buf *buf, const __u8 *bytes, unsigned int length)
{
	unsigned int i;

	sl_buf_add(buf, " 0x");
	for (i = 0; i < length; i++)
		sl_buf_add(buf, "%02x", bytes[i]);
}

static void print_write(struct sl_buf *buf, const struct sl_conf_write *write)
{
	bool whole = true;
	unsigned int i;

	for (i = 0; i < write->length; i++)
		whole = whole && write->mask[i] == 0xff;
	sl_buf_add(buf, "set ");
	sl_place_print(buf, write->base, write->offset, write->length);
	if (!whole) {
		sl_buf_add(buf, " &");
		print_hex(buf, write->mask, write->length);
	}
	print_hex(buf, write->value, write->length);
}

static void print_ban(struct sl_buf *buf, const struct sl_conf *conf, const struct sl_conf_ban *ban)
{
	const struct sl_conf_set *set = &conf->sets[ban->set];
	__u8 parts[SL_SET_PARTS];

	sl_buf_add(buf, "ban ");
	sl_set_default_parts(set, parts);
	if (memcmp(parts, ban->part, sizeof(parts)) != 0) {
		sl_parts_print(buf, ban->part, "th");
		sl_buf_add(buf, " ");
	}
	sl_buf_add(buf, "@%s", set->name);
}

void sl_stmt_print(struct sl_buf *buf, const struct sl_conf *conf, const struct sl_conf_stmt *stmt)
{
	const struct sl_interval number = { stmt->number, stmt->number };

	switch (stmt->kind) {
	case SL_OP_SAMPLE:
		sl_buf_add(buf, "1 in %u", stmt->number);
		break;
	case SL_OP_LIMIT:
		print_limit(buf, &stmt->limit);
		break;
	case SL_OP_LOG:
		print_log(buf, &stmt->log);
		break;
	case SL_OP_MARK:
		print_mark(buf, &stmt->mark);
		break;
	case SL_OP_PRIORITY:
		print_priority(buf, stmt->mark.value);
		break;
	case SL_OP_SET_DSCP:
		sl_buf_add(buf, "set dscp ");
		sl_word_print(buf, &sl_words_dscp, false, &number);
		break;
	case SL_OP_SET_TTL:
		sl_buf_add(buf, "set ttl %u", stmt->number);
		break;
	case SL_OP_SET_MSS:
		sl_buf_add(buf, "set mss %u", stmt->number);
		break;
	case SL_OP_SET_VLAN:
		print_vlan(buf, &stmt->vlan);
		break;
	case SL_OP_SET_BYTES:
		print_write(buf, &stmt->bytes);
		break;
	case SL_OP_BAN:
		print_ban(buf, conf, &stmt->ban);
		break;
	case SL_OP_MIRROR:
		sl_buf_add(buf, "mirror \"%s\"", conf->ports[stmt->port]);
		break;
	default:
		break;
	}
}
