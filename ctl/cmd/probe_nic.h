/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "probe.h"

struct sl_nic {
	char name[16];
	int ifindex;
	char driver[32]; /* "" where the interface tells none */
	int mtu;
	int rx_queues;
	int tx_queues;
	__u64 features; /* bits of sl_nic_features */
	/* What is attached to it, 0: nothing. */
	__u32 native_prog;
	__u32 generic_prog;
	__u32 hw_prog;
	char attached[32]; /* name of that program */
	/* With --try. */
	struct sl_finding native;
	struct sl_finding generic;
	bool frags; /* what was tried takes frames in fragments */
};

/* By bit of the netdev family's xdp-features. */
extern const char *const sl_nic_features[];
#define SL_NIC_FEATURES	    7
#define SL_NIC_FEATURE_XDP  1U
#define SL_NIC_FEATURE_RXSG 32U

/* Looks at the interface. -ENODEV: there is none of that name. */
int sl_nic_look(struct sl_nic *nic, const char *name);
/*
 * Attaches a program that passes all, native and generic, and takes it off again. Only where no
 * other program is attached: -EBUSY.
 */
int sl_nic_try(struct sl_nic *nic, const struct sl_programs *programs);
