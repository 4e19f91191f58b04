/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "rules.h"

/*
 * The networks of countries, by their codes, from a database in MaxMind's format: added to elems,
 * which sl_elems_normalise() is to be called for. What is wrong with the database is about place,
 * and a country that it does not have is, too.
 */
int sl_geoip_read(struct sl_conf_elems *elems, const char *path, char (*countries)[3],
		  size_t ncountries, const struct sl_loc *place, struct sl_diag *diag);
