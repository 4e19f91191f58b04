/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Packets within packets: how a packet came to be in another. */
#define SL_TUNNELS(X)       \
	X(NONE, "none")     \
	X(IPIP, "ipip")     \
	X(GRE, "gre")       \
	X(VXLAN, "vxlan")   \
	X(GENEVE, "geneve") \
	X(GTP, "gtp")

enum sl_tunnel {
#define X(name, word) SL_TUNNEL_##name,
	SL_TUNNELS(X)
#undef X
	SL_TUNNEL_MAX_
};

/* Tunnels in tunnels that are looked into. */
#define SL_INNER_DEPTH 2
