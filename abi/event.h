/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#include "app.h"
#include "rule.h"

/*
 * What a rule with `log` says of a packet: a record of the ring buffer, as long as it must be. One
 * ring for all programs; when it is full, an event is lost and counted by a reason.
 */
#define SL_EVENTS_SIZE (1U << 20)

#define SL_SNAP_MAX 2048U

struct sl_event {
	__u64 time; /* ns, monotonic clock */
	__u64 held; /* events that the rule's own bucket held back since its last one */
	struct sl_key key;
	__u32 slot; /* the rule's counter */
	__u32 iface; /* slot of the interface */
	__u32 length; /* of the frame, with a tag that was taken out of it */
	__u32 network; /* offsets of the headers in the frame; 0: not reached */
	__u32 transport;
	__u32 payload;
	__u32 snap; /* bytes of the frame that follow */
	__u8 hook; /* enum sl_hook */
	__u8 action; /* enum sl_verdict of the rule; SL_CONTINUE: the rules behind it decide */
	__u8 reason; /* enum sl_reason */
	__u8 app; /* enum sl_app: of the packet or its flow */
	__u8 name_length; /* of the name; what is in name are the last bytes of a longer one */
	__u8 pad[7];
	__u8 name[SL_FLOW_NAME];
};
_Static_assert(sizeof(struct sl_event) == 208, "layout");
