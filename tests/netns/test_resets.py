# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Connections that a rule resets at both ends, seen by both."""

import json
import sys

import pytest

from ctl import FAILED, OK, sluicectl
from lab import wait_until

ECONNRESET = 104

# Says for each connection whether the request came, or how else it ended; an allowed one is answered.
SERVE = """
import socket, sys
s = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.settimeout(120)
    try:
        data = c.recv(65536)
        c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\nConnection: close\\r\\n\\r\\nyes")
        print(len(data), flush=True)
    except OSError as error:
        print(error.__class__.__name__ if not error.errno else f"error {error.errno}", flush=True)
    c.close()
"""

# What curl calls a connection that was reset, while it waits for an answer and in a handshake.
RECV_ERROR, SSL_CONNECT_ERROR = 56, 35

RULES = ("names: tls sni bad.example reject\n"
         " hosts: http host bad.example reject with tcp reset\n")


def curl(netns, scheme, name, address):
    """Its exit status, what it got and what it said."""
    port = {"http": 80, "https": 443}[scheme]
    at = f"[{address}]" if ":" in address else address
    done = netns.run("curl", "-sS", "--max-time", "120", "--noproxy", "*", "--resolve",
                     f"{name}:{port}:{at}", f"{scheme}://{name}/", check=False)
    return done.returncode, done.stdout, done.stderr


def assert_reset(who, server, address):
    """Both ends are told, and neither has to wait for a time to run out."""
    for scheme in "http", "https":
        assert_reset_of(scheme, who, server, address)


def assert_reset_of(scheme, who, server, address):
    with server.python(SERVE, {"http": 80, "https": 443}[scheme]) as process:
        assert process.stdout.readline() == "ready\n"
        status, _, words = curl(who, scheme, "bad.example", address)
        assert (status, "reset by peer" in words) == \
            (RECV_ERROR if scheme == "http" else SSL_CONNECT_ERROR, True), words
        assert process.stdout.readline() == f"error {ECONNRESET}\n"
        if scheme == "http":
            assert curl(who, scheme, "good.example", address)[:2] == (0, "yes")
        process.kill()


@pytest.mark.parametrize("address", ["10.2.0.2", "fd00:2::2"])
@pytest.mark.parametrize("place", ["tc ingress", "xdp native; tc ingress", "xdp generic; tc ingress"])
def test_on_the_way_in(sluiced, client, server, place, address):
    daemon = sluiced(f"interface lan0 {{ {place} }}\nchain ingress {{\n {RULES} }}\n").start()
    assert_reset(client, server, address)
    assert daemon.rule("hosts") >= 1 and daemon.rule("names") >= 1


@pytest.mark.parametrize("address", ["10.2.0.2", "fd00:2::2"])
def test_on_the_way_out(sluiced, client, appliance, server, address):
    """Of the appliance itself, whose checksums are yet to be made, and of the client behind it."""
    sluiced(f"interface wan0 {{ tc egress }}\nchain egress {{\n {RULES} }}\n").start()
    for who in appliance, client:
        assert_reset(who, server, address)


@pytest.mark.parametrize("address", ["10.1.0.1", "fd00:1::1"])
def test_to_the_appliance(sluiced, client, appliance, address):
    """The reset that goes on ends in the appliance's own stack."""
    sluiced(f"interface lan0 {{ tc ingress }}\nchain ingress {{\n {RULES} }}\n").start()
    assert_reset(client, appliance, address)


# Sends a request with a tag, or none, in a segment of its own making, and says of the first reset
# that comes in how it lay on the wire: not every kernel has VLAN devices. The receiving kernel takes
# the tag out of the frame and says so beside it.
TAGGED = """
import socket, struct, sys
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Dot1Q, Ether
device, ours, theirs = sys.argv[1:4]
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID, OUTGOING = 263, 8, 0x10, 4
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((device, 3))
s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
s.settimeout(90)
print("ready", flush=True)
if ours:
    s.send(bytes(Ether(src=ours, dst=theirs) / Dot1Q(vlan=7, prio=3) /
                 IP(src="10.7.0.2", dst="10.7.0.1") /
                 TCP(sport=4000, dport=80, seq=1000, ack=2000, flags="PA") /
                 b"GET / HTTP/1.1\\r\\nHost: bad.example\\r\\n\\r\\n"))
while True:
    data, extra, _, who = s.recvmsg(2000, 100)
    for level, kind, value in extra:
        status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value)
        if status & VLAN_VALID:
            data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
    frame = Ether(data)
    if who[2] != OUTGOING and TCP in frame and frame[TCP].flags.R:
        break
good = bytes(frame)
del frame[IP].chksum, frame[TCP].chksum
frame = Ether(bytes(frame))
print(bytes(frame) == good, frame.src, frame.dst, frame[Dot1Q].vlan, frame[Dot1Q].prio,
      frame[IP].dst, frame[TCP].dport, frame[TCP].flags, frame[TCP].seq)
"""


def mac(netns, device):
    return json.loads(netns.sh(f"ip -j link show {device}"))[0]["address"]


def test_tagged_on_the_way_in(sluiced, client, appliance):
    """With the tag beside the frame."""
    sluiced(f"interface lan0 {{ tc ingress }}\nchain ingress {{\n {RULES} }}\n").start()
    ours, theirs = mac(client, "c0"), mac(appliance, "lan0")
    got = client.run("/usr/bin/python3", "-c", TAGGED, "c0", ours, theirs).stdout.split()[1:]
    assert got == ["True", theirs, ours, "7", "3", "10.7.0.2", "4000", "R", "2000"]


def test_tagged_on_the_way_out(sluiced, appliance, server):
    """With the tag in the frame: a reset comes back, and one goes on."""
    sluiced(f"interface wan0 {{ tc egress }}\nchain egress {{\n {RULES} }}\n").start()
    ours, theirs = mac(appliance, "wan0"), mac(server, "s0")
    with server.python(TAGGED, "s0", "", "") as looking:
        assert looking.stdout.readline() == "ready\n"
        got = appliance.run("/usr/bin/python3", "-c", TAGGED, "wan0", ours, theirs).stdout.split()[1:]
        assert got == ["True", theirs, ours, "7", "3", "10.7.0.2", "4000", "R", "2000"]
        assert looking.stdout.readline().split() == \
            ["True", ours, theirs, "7", "3", "10.7.0.1", "80", "RA", "1000"]


# Sends a request when told to, and says how the connection ends.
ASK = """
import socket, sys
c = socket.create_connection((sys.argv[1], 80), timeout=120)
print("connected", flush=True)
sys.stdin.readline()
c.sendall(b"GET / HTTP/1.1\\r\\nHost: bad.example\\r\\n\\r\\n")
try:
    print(c.recv(100), flush=True)
except OSError as error:
    print(error.errno, flush=True)
"""


def reasons(daemon, word):
    """Packets of a reason, over all interfaces and hooks."""
    return sum(hook["reasons"].get(word, {"packets": 0})["packets"]
               for interface in daemon.get("/v1/stats")["interfaces"] for hook in interface["hooks"])


def test_an_interface_that_takes_no_answer(sluiced, client, appliance, server):
    """What was rejected is dropped, and the next try is answered."""
    daemon = sluiced(f"interface lan0 {{ tc ingress }}\nchain ingress {{\n {RULES} }}\n").start()
    with server.python(SERVE, 80) as process:
        assert process.stdout.readline() == "ready\n"
        with client.python(ASK, "10.2.0.2", stdin=-1) as asking:
            assert asking.stdout.readline() == "connected\n"
            appliance.sh("tc qdisc replace dev lan0 root pfifo limit 0")
            asking.stdin.write("go\n")
            asking.stdin.flush()
            wait_until(lambda: reasons(daemon, "reject-unsent"), "an answer that was not taken")
            verdicts = daemon.verdicts("lan0", "tc-ingress")
            assert verdicts["drop"] >= 1 and verdicts["reject"] == 0
            appliance.sh("tc qdisc del dev lan0 root")
            assert asking.stdout.readline() == f"{ECONNRESET}\n"
            assert process.stdout.readline() == f"error {ECONNRESET}\n"
        process.kill()


def test_where_it_runs(sluiced):
    """Without TC ingress, XDP has nobody to leave such a rule to."""
    daemon = sluiced(f"interface lan0 {{ xdp native }}\nchain ingress {{\n {RULES} }}\n").start()
    lan0 = daemon.interface("lan0")
    assert lan0["state"] == "failed"
    assert "rule 'names' needs an skb (reset to both ends)" in json.dumps(lan0)
    done = sluicectl("check", daemon.config)
    assert done.status == FAILED
    assert "rule 'names' needs an skb (reset to both ends)" in done.err
    daemon.configure(f"interface lan0 {{ xdp native; tc ingress }}\nchain ingress {{\n {RULES} }}\n")
    done = sluicectl("check", "-v", daemon.config)
    assert done.status == OK, done.err
    rows = {line.split()[1]: line for line in done.out.splitlines() if line.startswith("ingress")}
    assert " tc-ingress " in rows["names"] and "reset to both ends needs an skb" in rows["names"]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
