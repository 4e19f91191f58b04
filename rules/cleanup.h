/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdlib.h>

/* Frees a local when it goes out of scope; TAKE_PTR hands it on instead. */
#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_	    _cleanup_(sl_freep)

#define TAKE_PTR(pointer)                               \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

static inline void sl_freep(void *pointer)
{
	free(*(void **)pointer);
}
