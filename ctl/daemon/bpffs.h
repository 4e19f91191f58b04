/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Makes sure that dir is, or can be made, on a bpffs: mounts one where the parent is /sys/fs/bpf,
 * or on dir itself, when there is none. Logs what stands against it.
 */
int sl_bpffs_mount(const char *dir);
