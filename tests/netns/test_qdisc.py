# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Queueing disciplines beside Sluice at TC: each packet is counted once, and they stay as they were.

Most of them are modules, and the kernels of tests/vm have them.
"""

import pytest

from lab import wait_until

COUNT = 50
CONFIG = """interface wan0 { tc egress }
interface lan0 { tc ingress }
chain ingress { policy accept
	in: udp dport 9 count
}
chain egress { policy accept
	no:  udp dport 9 udp sport 1024-1055 drop
	out: udp dport 9 count
}
"""
QDISCS = {
    "pfifo": "root pfifo limit 1000",
    "prio": "root prio",
    "tbf": "root tbf rate 1gbit burst 1m latency 10s",
    "htb": "root handle 1: htb default 1",
    "hfsc": "root handle 1: hfsc default 1",
    "sfq": "root sfq",
    "red": "root red limit 1m min 100k max 300k avpkt 1000 burst 200 bandwidth 1gbit",
    "fq": "root fq",
    "fq_codel": "root fq_codel",
    "netem": "root netem delay 10ms",
    "cake": "root cake",
    "ets": "root ets bands 2 strict 2",
    "clsact": "clsact",
}
CLASSES = {
    "htb": "tc class add dev wan0 parent 1: classid 1:1 htb rate 1gbit",
    "hfsc": "tc class add dev wan0 parent 1: classid 1:1 hfsc sc rate 1gbit",
}
SEND = """
import socket, sys
for port in range(1000, 1000 + int(sys.argv[1])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", port))
    s.sendto(b"x", ("10.2.0.2", 9))
"""


def seen(server):
    """UDP datagrams that reached the server, which listens to none."""
    lines = [line.split() for line in server.sh("cat /proc/net/snmp").splitlines()
             if line.startswith("Udp:")]
    return int(dict(zip(*lines))["NoPorts"])


@pytest.mark.parametrize("kind", QDISCS)
@pytest.mark.parametrize("first", ["qdisc", "sluice"])
def test_beside(lab, sluiced, kind, first):
    lab.server.sh("sysctl -qw net.ipv4.icmp_ratelimit=100000 net.ipv4.icmp_msgs_per_sec=1")
    daemon = sluiced(CONFIG)
    if first == "sluice":
        daemon.start()
    added = lab.appliance.run("sh", "-ec", f"tc qdisc add dev wan0 {QDISCS[kind]}\n"
                              + CLASSES.get(kind, ""), check=False)
    if "kind is unknown" in added.stderr:
        pytest.skip(f"this kernel has no {kind}")
    assert not added.returncode, added.stderr
    if first == "qdisc":
        daemon.start()
    before = seen(lab.server)
    # Ports 1000 to 1049, of which 24 pass and 26 do not.
    lab.client.run("/usr/bin/python3", "-c", SEND, COUNT)
    wait_until(lambda: daemon.rule("no", "egress") + daemon.rule("out", "egress") >= COUNT, "all")
    assert (daemon.rule("in"), daemon.rule("no", "egress"), daemon.rule("out", "egress")) \
        == (COUNT, 26, 24)
    wait_until(lambda: seen(lab.server) - before >= 24, "24 at the server")
    assert seen(lab.server) - before == 24
    assert kind in lab.appliance.sh("tc qdisc show dev wan0")
    daemon.post("/v1/detach", {"interface": "wan0"})
    assert kind in lab.appliance.sh("tc qdisc show dev wan0")
    lab.client.run("/usr/bin/python3", "-c", SEND, COUNT)
    wait_until(lambda: seen(lab.server) - before >= 24 + COUNT, "all at the server")
    assert daemon.rule("no", "egress") + daemon.rule("out", "egress") == COUNT
