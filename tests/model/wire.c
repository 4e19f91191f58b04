// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "wire.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define PATIENCE_MS	60000
#define DISAPPOINTED_MS 200 /* once nothing came, a case is made smaller in many tries */

__u32 wire_port, wire_down;
static int heard = -1, patience_ms = PATIENCE_MS;

/* Nobody else is to send there. */
static const char links[] = "exec 2>&1; for c in all default; do"
			    " echo 1 > /proc/sys/net/ipv6/conf/$c/disable_ipv6; done;"
			    " ip link add va mtu 65500 arp off type veth peer name vb mtu 65500 &&"
			    " ip link set vb arp off up && ip link set va up &&"
			    " ip link add down0 type veth peer name down1";

static int set(int option)
{
	int one = 1;

	return setsockopt(heard, SOL_PACKET, option, &one, sizeof(one));
}

int wire_open(void)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	if (system(links))
		return -EIO;
	wire_port = if_nametoindex("va");
	wire_down = if_nametoindex("down0");
	heard = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
	if (heard < 0 || set(PACKET_AUXDATA) || set(PACKET_IGNORE_OUTGOING))
		return -errno;
	return 0;
}

void wire_close(void)
{
	if (heard >= 0)
		close(heard);
	heard = -1;
}

static bool is_tag(const __u8 *at)
{
	return (at[0] == 0x81 && !at[1]) || (at[0] == 0x88 && at[1] == 0xa8);
}

bool wire_carries(const __u8 *bytes, size_t len)
{
	return !is_tag(bytes + 12) || len >= 20;
}

/* The stack has taken the tag out of the frame. */
static void put_tag_in(struct wire_frame *frame, const struct tpacket_auxdata *aux)
{
	memmove(frame->bytes + 16, frame->bytes + 12, frame->len - 12);
	frame->bytes[12] = (__u8)(aux->tp_vlan_tpid >> 8);
	frame->bytes[13] = (__u8)aux->tp_vlan_tpid;
	frame->bytes[14] = (__u8)(aux->tp_vlan_tci >> 8);
	frame->bytes[15] = (__u8)aux->tp_vlan_tci;
	frame->len += 4;
}

static void read_aux(struct msghdr *message, struct wire_frame *frame)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			put_tag_in(frame, &aux);
	}
}

bool wire_take(struct wire_frame *frame, bool waits)
{
	char control[256];
	struct sockaddr_ll from;
	struct iovec room = { frame->bytes, sizeof(frame->bytes) - 4 };
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &room,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd comes = { .fd = heard, .events = POLLIN };
	ssize_t len = recvmsg(heard, &message, 0);

	if (len < 0 && waits) {
		patience_ms = poll(&comes, 1, patience_ms) > 0 ? patience_ms : DISAPPOINTED_MS;
		len = recvmsg(heard, &message, 0);
	}
	if (len < 14)
		return false;
	frame->len = (size_t)len;
	frame->came_in = from.sll_ifindex == (int)wire_port;
	read_aux(&message, frame);
	return true;
}
