# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What rules do to packets, seen by those who sent them and those who get them."""

import calendar
import json
import signal
import subprocess
import sys
import time

import pytest

from ctl import sluicectl
from lab import BUILD, SLUICECTL, wait_until

PLACES = {
    "xdp native": "xdp native",
    "xdp generic": "xdp generic",
    "tc ingress": "tc ingress",
}

# How a connection attempt to address and port ends. A datagram is answered by recv.
KNOCK = """
import socket, sys, time
address, port, kind, source = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
s.settimeout(60)
try:
    if source:
        s.bind(("", source))
    s.connect((address, port))
    if kind == "udp":
        s.send(b"x" * 40)
        s.recv(100)
    print("open")
except OSError as error:
    print(error.__class__.__name__ if not error.errno else error.errno)
"""

ECONNREFUSED, EACCES, EHOSTUNREACH = 111, 13, 113


def asked_again(netns):
    """SYNs that TCP sent a second time in this namespace, as it had no answer for a second."""
    names, values = [line.split() for line in netns.sh("cat /proc/net/netstat").splitlines()
                     if line.startswith("TcpExt:")]
    return int(values[names.index("TCPSynRetrans")])


def knock(netns, address, port, kind="tcp"):
    """What became of it."""
    return netns.run("/usr/bin/python3", "-c", KNOCK, address, port, kind, 0).stdout.strip()


def knock_at_once(netns, address, port):
    """What became of the first SYN: on a busy machine one may have to wait, and is sent again."""
    def one():
        before = asked_again(netns)
        answer = knock(netns, address, port)
        return asked_again(netns) == before and answer
    return wait_until(one, "an answer to the first SYN")


@pytest.fixture
def peers(client, appliance):
    # veth hands over what XDP sends back only to an interface that has a program itself.
    appliance.sh("ip link set lan0 mtu 3000")
    client.sh("ip link set c0 mtu 3000")
    client.sh(f"ip link set dev c0 xdpdrv obj {BUILD}/tests/prog/pass.bpf.o sec xdp")
    return client


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("address", ["10.1.0.1", "fd00:1::1"])
def test_reject_tells_at_once(sluiced, peers, place, address):
    daemon = sluiced(f"interface lan0 {{ {PLACES[place]} }}\n"
                     "chain ingress {\n"
                     "  tcp-81: tcp dport 81 reject\n"
                     "  udp-81: udp dport 81 reject\n"
                     "  tcp-82: tcp dport 82 reject with icmp admin-prohibited\n"
                     "  tcp-83: tcp dport 83 ip6 reject with icmpv6 admin-prohibited\n"
                     "}\n").start()
    assert knock_at_once(peers, address, 81) == str(ECONNREFUSED)
    assert knock(peers, address, 81, "udp") == str(ECONNREFUSED)
    port = 83 if ":" in address else 82
    # To a socket that connect() still holds, this is no more than a hint, and it asks again.
    assert knock(peers, address, port) in (str(EHOSTUNREACH), str(EACCES))
    rules = {rule["name"]: rule["packets"] for rule in daemon.get("/v1/rules")["rules"]}
    assert rules["tcp-81"] >= 1 and rules["udp-81"] == 1


@pytest.mark.parametrize("address", ["10.2.0.2", "fd00:2::2"])
def test_reject_on_the_way_out(sluiced, client, appliance, server, address):
    sluiced("interface wan0 { tc egress }\n"
            "chain egress { tcp dport 81 reject\n udp dport 81 reject }\n").start()
    # Of the appliance itself, and of the client behind it.
    for who in (appliance, client):
        assert knock_at_once(who, address, 81) == str(ECONNREFUSED)
        assert knock(who, address, 81, "udp") == str(ECONNREFUSED)


# A datagram's sender and receiver: what comes, with its TTL, DSCP and payload.
RECEIVE = """
import socket, struct, sys
family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.settimeout(60)
if family == socket.AF_INET:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    s.setsockopt(socket.IPPROTO_IP, 12, 1)
else:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
s.bind(("", 9000))
print("ready", flush=True)
data, extra, _, _ = s.recvmsg(70000, 1000)
numbers = sorted((kind, int.from_bytes(value[:4], sys.byteorder) if len(value) >= 4 else value[0])
                 for _, kind, value in extra)
print(data[:8].decode(), len(data), [number for _, number in numbers])
"""


def sent_and_got(sender, receiver, address, size):
    family = "6" if ":" in address else "4"
    with receiver.python(RECEIVE, family) as process:
        assert process.stdout.readline() == "ready\n"
        sender.run("/usr/bin/python3", "-c",
                   "import socket, sys; socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else "
                   "socket.AF_INET, socket.SOCK_DGRAM).sendto(b'abcdefgh' + b'x' * "
                   "(int(sys.argv[2]) - 8), (sys.argv[1], 9000))", address, size)
        return process.stdout.readline().strip()


@pytest.mark.parametrize("place", [*PLACES, "tc egress"])
@pytest.mark.parametrize("address", ["10.2.0.2", "fd00:2::2"])
@pytest.mark.parametrize("size", [100, 8000])
def test_what_is_set_gets_there(sluiced, client, server, place, address, size):
    """The kernel of the receiver checks all checksums."""
    family = "ip6" if ":" in address else "ip"
    rule = f"{family} udp dport 9000 set dscp ef set ttl 33 set payload @1,3 0x585958"
    if place == "tc egress":
        sluiced("interface wan0 { tc egress }\nchain egress { %s }\n" % rule).start()
        ttl = 33
    else:
        sluiced("interface lan0 { %s }\nchain ingress { %s }\n" % (PLACES[place], rule)).start()
        ttl = 32  # one hop on
    got = sent_and_got(client, server, address, size)
    assert got.startswith(f"aXYXefgh {size} ")
    assert sorted(json.loads(got.split(" ", 2)[2])) == sorted([46 << 2, ttl])


@pytest.mark.parametrize("place", [*PLACES, "tc egress"])
def test_mss(sluiced, peers, server, place):
    script = ("import socket; s = socket.socket(); s.settimeout(60); s.connect(('10.2.0.2', 9001)); "
              "s.sendall(b'x' * 500000); print(s.getsockopt(6, 2))")
    listen = ("import socket; s = socket.socket(); s.bind(('', 9001)); s.listen(); "
              "print('ready', flush=True); c, _ = s.accept(); print(c.getsockopt(6, 2), "
              "len(b''.join(iter(lambda: c.recv(65536), b''))), flush=True)")
    if place == "tc egress":
        sluiced("interface wan0 { tc egress }\nchain egress { tcp flags syn set mss 1000 }\n").start()
    else:
        sluiced("interface lan0 { %s }\nchain ingress { tcp flags syn set mss 1000 }\n"
                % PLACES[place]).start()
    with server.python(listen) as process:
        assert process.stdout.readline() == "ready\n"
        peers.run("/usr/bin/python3", "-c", script)
        mss, length = process.stdout.readline().split()
    assert int(length) == 500000
    assert int(mss) <= 1000


def test_mark_is_seen_behind(sluiced, peers, appliance, server):
    """What XDP leaves to TC, TC marks: routed by the mark, or not at all."""
    daemon = sluiced("interface lan0 { xdp native; tc ingress }\n"
                     "chain ingress {\n"
                     "  seen: udp dport 9000 count\n"
                     "  udp dport 9000 udp length 15 mark set 7\n"
                     "}\n").start()
    appliance.sh("ip rule add fwmark 7 blackhole")
    with server.python(RECEIVE, "4") as process:
        assert process.stdout.readline() == "ready\n"
        for word in "marked.", "unmarked":
            peers.run("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, "
                      f"socket.SOCK_DGRAM).sendto(b'{word}', ('10.2.0.2', 9000))")
        # The first that comes is the second that was sent.
        assert process.stdout.readline().startswith("unmarked 8 ")
    assert daemon.rule("seen") == 2


COUNT = """
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
s.settimeout(0.2)
print("ready", flush=True)
seen, end = 0, time.monotonic() + 60
while time.monotonic() < end and not seen:
    try:
        seen += b"find me in there" in s.recv(70000)
    except TimeoutError:
        pass
print(seen, flush=True)
"""


@pytest.mark.parametrize("what, place", [("mirror", "tc ingress"), ("mirror", "xdp native; tc ingress"),
                                         ("redirect", "tc ingress"), ("redirect", "xdp generic")])
def test_elsewhere(sluiced, peers, appliance, what, place):
    appliance.sh("ip link add tap0 type veth peer name tap1; ip link set tap0 up; ip link set tap1 up")
    sluiced("interface lan0 { %s }\nchain ingress { udp dport 9000 %s tap0 }\n"
            % (place, what)).start()
    with appliance.python(COUNT, "tap1") as process:
        assert process.stdout.readline() == "ready\n"
        peers.run("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, "
                  "socket.SOCK_DGRAM).sendto(b'find me in there' * 4, ('10.1.0.1', 9000))")
        assert process.stdout.readline() == "1\n"


SECONDS = 4


def test_limit_over_time(sluiced, peers):
    """Two senders on both CPUs, far more than may pass: the rate is what passes.

    The burst outlasts any pause that a busy machine makes the senders have. When a packet is refused
    the bucket is empty: between two such moments passes what comes into it, and looks enclose them.
    """
    rate = 2000
    daemon = sluiced("interface lan0 { xdp native }\n"
                     "chain ingress {\n"
                     f"  some: udp dport 9000 limit {rate}/second burst 40000 drop\n"
                     "  over: udp dport 9000 drop\n"
                     "}\n").start()
    flood = ("import os, socket, sys, time; os.sched_setaffinity(0, {int(sys.argv[1]) % os.cpu_count()}); "
             "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('10.1.0.1', 9000))\n"
             "print('ready', flush=True)\n"
             "while True:\n"
             "    s.send(b'x')\n")

    def empty():
        """From when to when it was empty at some moment, and how many had passed before and after."""
        low = daemon.rule("some")
        begin, over = time.monotonic(), daemon.rule("over")
        wait_until(lambda: daemon.rule("over") > over, "a refusal")
        return begin, time.monotonic(), low, daemon.rule("some")

    senders = [peers.python(flood, cpu) for cpu in (0, 1)]
    try:
        for sender in senders:
            assert sender.stdout.readline() == "ready\n"
        first = empty()
        time.sleep(SECONDS)
        last = empty()
    finally:
        for sender in senders:
            sender.kill()
            sender.wait()
    assert last[3] - first[2] >= 0.98 * rate * (last[0] - first[1])
    assert last[2] - first[3] <= 1.02 * rate * (last[1] - first[0])


def test_events(sluiced, peers, appliance):
    began = time.time()
    daemon = sluiced("interface lan0 { xdp native; tc ingress }\n"
                     "chain ingress { seen: udp dport 9000 log snap 64 drop }\n").start()
    command = [SLUICECTL, "-s", str(daemon.socket), "events", "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        for _ in range(3):
            peers.run("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, "
                      "socket.SOCK_DGRAM).sendto(b'x' * 50, ('10.1.0.1', 9000))")
        lines = [json.loads(follower.stdout.readline()) for _ in range(3)]
        follower.send_signal(signal.SIGTERM)
    event = lines[0]
    assert event["event_type"] == "alert" and event["in_iface"] == "lan0"
    assert event["src_ip"] == "10.1.0.2" and event["dest_ip"] == "10.1.0.1"
    assert event["dest_port"] == 9000 and event["proto"] == "UDP"
    assert event["alert"]["action"] == "blocked" and event["alert"]["signature"] == "seen"
    assert event["sluice"] == {"rule": "seen", "chain": "ingress", "verdict": "drop", "hook": "xdp",
                               "length": 92}
    assert 0 < event["flow_id"] < 1 << 51
    written = calendar.timegm(time.strptime(event["timestamp"][:19], "%Y-%m-%dT%H:%M:%S"))
    assert began - 2 < written < time.time() + 2
    # Those who come later get what was kept, and that is an end.
    done = sluicectl("-s", daemon.socket, "events")
    assert done.status == 0 and [line["event_type"] for line in done.lines()] == ["alert"] * 3
    daemon.stop()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
