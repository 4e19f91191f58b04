/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "addr.h"

#include <arpa/inet.h>

void sl_addr_text(enum sl_l3 l3, sl_u128 addr, char text[SL_ADDR_TEXT])
{
	unsigned char bytes[16];
	int i;

	for (i = 15; i >= 0; i--, addr >>= 8)
		bytes[i] = (unsigned char)addr;
	if (l3 == SL_L3_IP4)
		inet_ntop(AF_INET, bytes + 12, text, SL_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, bytes, text, SL_ADDR_TEXT);
}
