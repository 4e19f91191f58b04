/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Counts what a program calls of the kernel. Included before all of a program, of which it makes
 * another one: for test_figures only.
 */

#include "clock.h"

#include "bpf.h" /* declares what is counted */

#define COUNTED(call) (prog_shared.calls++, call)

#undef bpf_ktime_get_ns
#undef bpf_ktime_get_coarse_ns
#define bpf_ktime_get_ns()	  COUNTED(prog_shared.clock)
#define bpf_ktime_get_coarse_ns() COUNTED(prog_shared.clock)

#define bpf_clone_redirect(...)	      COUNTED(bpf_clone_redirect(__VA_ARGS__))
#define bpf_dynptr_adjust(...)	      COUNTED(bpf_dynptr_adjust(__VA_ARGS__))
#define bpf_dynptr_clone(...)	      COUNTED(bpf_dynptr_clone(__VA_ARGS__))
#define bpf_dynptr_from_skb(...)      COUNTED(bpf_dynptr_from_skb(__VA_ARGS__))
#define bpf_dynptr_from_xdp(...)      COUNTED(bpf_dynptr_from_xdp(__VA_ARGS__))
#define bpf_dynptr_read(...)	      COUNTED(bpf_dynptr_read(__VA_ARGS__))
#define bpf_dynptr_slice(...)	      COUNTED(bpf_dynptr_slice(__VA_ARGS__))
#define bpf_dynptr_write(...)	      COUNTED(bpf_dynptr_write(__VA_ARGS__))
#define bpf_get_prandom_u32(...)      COUNTED(bpf_get_prandom_u32(__VA_ARGS__))
#define bpf_get_smp_processor_id(...) COUNTED(bpf_get_smp_processor_id(__VA_ARGS__))
#define bpf_l3_csum_replace(...)      COUNTED(bpf_l3_csum_replace(__VA_ARGS__))
#define bpf_l4_csum_replace(...)      COUNTED(bpf_l4_csum_replace(__VA_ARGS__))
#define bpf_map_delete_elem(...)      COUNTED(bpf_map_delete_elem(__VA_ARGS__))
#define bpf_map_lookup_elem(...)      COUNTED(bpf_map_lookup_elem(__VA_ARGS__))
#define bpf_map_update_elem(...)      COUNTED(bpf_map_update_elem(__VA_ARGS__))
#define bpf_redirect(...)	      COUNTED(bpf_redirect(__VA_ARGS__))
#define bpf_ringbuf_output(...)	      COUNTED(bpf_ringbuf_output(__VA_ARGS__))
#define bpf_skb_change_tail(...)      COUNTED(bpf_skb_change_tail(__VA_ARGS__))
#define bpf_skb_vlan_pop(...)	      COUNTED(bpf_skb_vlan_pop(__VA_ARGS__))
#define bpf_skb_vlan_push(...)	      COUNTED(bpf_skb_vlan_push(__VA_ARGS__))
#define bpf_xdp_adjust_head(...)      COUNTED(bpf_xdp_adjust_head(__VA_ARGS__))
#define bpf_xdp_adjust_meta(...)      COUNTED(bpf_xdp_adjust_meta(__VA_ARGS__))
#define bpf_xdp_adjust_tail(...)      COUNTED(bpf_xdp_adjust_tail(__VA_ARGS__))
