/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Makes sure that dir is, or can be made, on a bpffs. Where there is none, one is mounted on the
 * parent of dir, if that is /sys/fs/bpf or an empty directory: anything else is not ours to hide
 * under a mount. Logs what stands against it.
 */
int sl_bpffs_mount(const char *dir);
