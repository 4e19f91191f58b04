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


def add(lab, kind):
    """Puts the qdisc to wan0; False: this kernel has none of the kind."""
    added = lab.appliance.run("sh", "-ec", f"tc qdisc add dev wan0 {QDISCS[kind]}\n"
                              + CLASSES.get(kind, ""), check=False)
    if "kind is unknown" in added.stderr:
        return False
    assert not added.returncode, added.stderr
    return True


def remove(lab, kind):
    lab.appliance.sh(f"tc qdisc del dev wan0 {kind if kind == 'clsact' else 'root'}")


def send(lab, daemon, received):
    """Ports 1000 to 1049; what was counted meanwhile, when as many as must came to the server."""
    def counts():
        return [daemon.rule("in"), daemon.rule("no", "egress"), daemon.rule("out", "egress"),
                seen(lab.server)]

    before = counts()
    lab.client.run("/usr/bin/python3", "-c", SEND, COUNT)
    wait_until(lambda: counts()[0] >= before[0] + COUNT and counts()[3] >= before[3] + received,
               f"{received} at the server")
    return [now - then for now, then in zip(counts(), before)]


def check_beside(lab, daemon, kind):
    # Of these ports 24 pass and 26 do not.
    assert send(lab, daemon, 24) == [COUNT, 26, 24, 24], kind
    assert kind in lab.appliance.sh("tc qdisc show dev wan0")


def test_beside(lab, sluiced):
    """Each kind is put beside Sluice, and Sluice beside it; it stays when Sluice goes."""
    lab.server.sh("sysctl -qw net.ipv4.icmp_ratelimit=100000 net.ipv4.icmp_msgs_per_sec=1")
    daemon = sluiced(CONFIG).start()
    tried = 0
    for kind in QDISCS:
        if not add(lab, kind):
            continue
        check_beside(lab, daemon, kind)
        daemon.post("/v1/detach", {"interface": "wan0"})
        assert kind in lab.appliance.sh("tc qdisc show dev wan0")
        assert send(lab, daemon, COUNT) == [COUNT, 0, 0, COUNT], kind
        daemon.post("/v1/attach", {"interface": "wan0"})
        check_beside(lab, daemon, kind)
        remove(lab, kind)
        assert send(lab, daemon, 24) == [COUNT, 26, 24, 24], kind
        tried += 1
    assert tried


def test_all_kinds_are_here(lab):
    missing = []
    for kind in QDISCS:
        if add(lab, kind):
            remove(lab, kind)
        else:
            missing.append(kind)
    if missing:
        pytest.skip(f"this kernel has no {', '.join(missing)}")
