// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "probe_nic.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>

#include "cleanup.h"

const char *const sl_nic_features[] = {
	"basic", "redirect", "ndo-xmit", "xsk-zerocopy", "hw-offload", "rx-sg", "ndo-xmit-sg",
};
_Static_assert(sizeof(sl_nic_features) / sizeof(*sl_nic_features) == SL_NIC_FEATURES, "one a bit");

static void close_fdp(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static int ethtool(int sock, const char *name, void *command)
{
	struct ifreq req = { .ifr_data = command };

	memcpy(req.ifr_name, name, strnlen(name, sizeof(req.ifr_name) - 1));
	return ioctl(sock, SIOCETHTOOL, &req);
}

static void ask_driver(struct sl_nic *nic, int sock)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_channels queues = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq req = {};

	if (!ethtool(sock, nic->name, &info))
		snprintf(nic->driver, sizeof(nic->driver), "%.31s", info.driver);
	if (!ethtool(sock, nic->name, &queues)) {
		nic->rx_queues = (int)(queues.combined_count + queues.rx_count);
		nic->tx_queues = (int)(queues.combined_count + queues.tx_count);
	}
	memcpy(req.ifr_name, nic->name, sizeof(nic->name));
	if (!ioctl(sock, SIOCGIFMTU, &req))
		nic->mtu = req.ifr_mtu;
}

static void ask_program(struct sl_nic *nic)
{
	__u32 id = nic->native_prog ?: nic->generic_prog ?: nic->hw_prog;
	_cleanup_(close_fdp) int fd = id ? bpf_prog_get_fd_by_id(id) : -1;
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
		snprintf(nic->attached, sizeof(nic->attached), "%s", info.name);
}

static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static int ask_xdp(struct sl_nic *nic)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	libbpf_print_fn_t print = libbpf_set_print(silence);
	int err = bpf_xdp_query(nic->ifindex, 0, &query);

	libbpf_set_print(print);
	if (err)
		return err;
	nic->features = query.feature_flags;
	nic->native_prog = query.drv_prog_id;
	nic->generic_prog = query.skb_prog_id;
	nic->hw_prog = query.hw_prog_id;
	ask_program(nic);
	return 0;
}

int sl_nic_look(struct sl_nic *nic, const char *name)
{
	_cleanup_(close_fdp) int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return -errno;
	memset(nic, 0, sizeof(*nic));
	snprintf(nic->name, sizeof(nic->name), "%s", name);
	nic->ifindex = strlen(name) < sizeof(nic->name) ? (int)if_nametoindex(name) : 0;
	if (!nic->ifindex)
		return -ENODEV;
	ask_driver(nic, sock);
	return ask_xdp(nic);
}

static int attach_once(int ifindex, int prog, __u32 mode)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, mine, .old_prog_fd = prog);
	int err = bpf_xdp_attach(ifindex, prog, mode | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);

	return err ?: bpf_xdp_detach(ifindex, mode, &mine);
}

int sl_nic_try(struct sl_nic *nic, const struct sl_programs *programs)
{
	libbpf_print_fn_t print;
	int frags = sl_programs_fd(programs, "x_frags"), plain = sl_programs_fd(programs, "x_pass");

	if (nic->native_prog || nic->generic_prog || nic->hw_prog)
		return -EBUSY;
	print = libbpf_set_print(silence);
	nic->frags = frags >= 0;
	sl_found(&nic->native,
		 attach_once(nic->ifindex, nic->frags ? frags : plain, XDP_FLAGS_DRV_MODE), NULL);
	sl_found(&nic->generic, attach_once(nic->ifindex, plain, XDP_FLAGS_SKB_MODE), NULL);
	libbpf_set_print(print);
	return 0;
}
