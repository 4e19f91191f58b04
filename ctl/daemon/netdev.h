/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What a driver can do for XDP, asked of the netdev generic netlink family (Linux 6.3). */

#include <linux/types.h>

struct sl_netdev;

/* *out is NULL where the kernel has no such family: sl_netdev_features then says -EOPNOTSUPP. */
int sl_netdev_new(struct sl_netdev **out);
void sl_netdev_freep(struct sl_netdev **netdev);

/* Bit i of *features: sl_netdev_feature_names[i]. */
int sl_netdev_features(struct sl_netdev *netdev, int ifindex, __u64 *features);

#define SL_NETDEV_FEATURES 7
extern const char *const sl_netdev_feature_names[SL_NETDEV_FEATURES];
