/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* An interface of a status reply, in words. */

#include <stdio.h>

#include <jansson.h>

/* "native, dispatcher, frags, priority 50", or "off"; into buffer. */
const char *sl_iface_xdp_text(const json_t *iface, char *buffer, size_t size);
/* "tcx", "clsact" or "-". dir: "ingress" or "egress". */
const char *sl_iface_tc_text(const json_t *iface, const char *dir);
/* `eth0: attached: xdp native, ...; tc ingress tcx`; what is wrong with it in lines of its own. */
void sl_iface_print_line(const json_t *iface, FILE *to);
/* Why it is as it is, and what failed: a line each, none when there is nothing to say. */
void sl_iface_print_notes(const json_t *iface, FILE *to);
