/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "tree_box.h"

/*
 * Which records are wide at which address: those that a cut of that address would put into many
 * children.
 */
#define SL_WIDE_SOURCE	    1U
#define SL_WIDE_DESTINATION 2U
#define SL_CLASSES	    4U

/* The class of each record, of those two bits. */
int sl_class_find(const struct sl_boxes *boxes, __u8 *classes);
