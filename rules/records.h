/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "pieces.h"

/* The records of one list, in the order of the rules; they are of one kind. */
struct sl_records {
	char *bytes; /* struct sl_record4[] or struct sl_record6[] */
	size_t count;
	size_t size; /* records there is room for */
};

/* What all records of a rule in a list end in: see abi/rule.h. */
struct sl_record_end {
	__u32 order;
	__u32 target;
};

size_t sl_record_size(enum sl_l3 l3);
int sl_records_add(struct sl_records *records, enum sl_l3 l3, const struct sl_spread *spread,
		   const struct sl_record_end *end);
void sl_records_clear(struct sl_records *records);
