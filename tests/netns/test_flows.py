# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Flows of real programs: what state they are in, and what a verdict on one does to the rest of it."""

import time

import pytest

from ctl import OK, complains, ctl_of
from lab import wait_until

CONFIG = """
interface lan0 {{ {hooks} }}
interface wan0 {{ tc ingress, egress }}
flows {{ size 4k; timeout icmp 20s }}
chain ingress {{
	policy accept
	evil: tcp payload @0,4 0x6576696c drop flow
	good: udp dport 7 accept flow
	later: udp dport {{ 7, 8 }} flow packets > 1 drop
	answers: flow state established flow to client count
	errors: flow state related count
}}
chain egress {{
	policy accept
	out: flow state related count
}}
"""

SERVER = """
import socket, threading
tcp = socket.create_server(("10.2.0.2", 8080))
print("ready", flush=True)

def echo(peer):
    while data := peer.recv(65536):
        peer.sendall(data)
    peer.close()

while True:
    threading.Thread(target=echo, args=tcp.accept()[:1], daemon=True).start()
"""

# One line of stdin is one message; prints what comes back, or "lost".
CLIENT = """
import socket, sys
tcp = socket.create_connection(("10.2.0.2", 8080), timeout=20)
print(tcp.getsockname()[1], flush=True)
tcp.settimeout(2)
for line in sys.stdin:
    tcp.sendall(line.strip().encode())
    try:
        print(tcp.recv(65536).decode() or "closed", flush=True)
    except TimeoutError:
        print("lost", flush=True)
"""


class Connection:
    def __init__(self, client):
        self.process = client.python(CLIENT, stdin=-1)
        self.port = int(self.process.stdout.readline())

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(params=["xdp native; tc egress", "tc ingress, egress"])
def daemon(sluiced, request, client, server):
    daemon = sluiced(CONFIG.format(hooks=request.param)).start()
    client.run("ping", "-c1", "-W5", "10.2.0.2")
    return daemon


def flows(daemon, **which):
    return daemon.post("/v1/flows", which)["flows"]


def one(daemon, **which):
    found = flows(daemon, **which)
    assert len(found) == 1, found
    return found[0]


def test_tcp(daemon, client, echo):
    peer = Connection(client)
    assert peer.say("hello") == "hello"
    flow = one(daemon, proto="tcp", port=peer.port)
    assert flow["state"] == "established" and flow["verdict"] is None
    assert flow["client"]["addr"] == "10.1.0.2" and flow["client"]["port"] == peer.port
    assert flow["server"]["addr"] == "10.2.0.2" and flow["server"]["port"] == 8080
    # SYN, ACK, data and an ACK at most; each is seen at two hooks, and counted at one.
    assert 3 <= flow["client"]["packets"] <= 4
    assert 2 <= flow["server"]["packets"] <= 3
    assert flow["timeout"] == 7200
    peer.close()
    wait_until(lambda: one(daemon, proto="tcp", port=peer.port)["state"] == "closing", "the end")
    assert daemon.rule("answers") > 0


def test_drop_flow(daemon, client, echo):
    peer, other = Connection(client), Connection(client)
    assert peer.say("good") == "good" and other.say("good") == "good"
    assert peer.say("evil") == "lost"
    before = daemon.rule("evil")
    assert peer.say("good") == "lost"
    assert other.say("good") == "good"
    assert daemon.rule("evil") > before
    flow = one(daemon, verdict="drop")
    assert flow["client"]["port"] == peer.port
    assert flow["verdict"] == {"verdict": "drop", "chain": "ingress", "rule": "evil"}
    # A restart forgets nothing.
    daemon.kill()
    daemon.start()
    assert peer.say("good") == "lost"
    assert one(daemon, verdict="drop")["client"]["port"] == peer.port
    peer.close()
    other.close()


def test_a_reload_forgets_verdicts_of_rules_that_are_gone(daemon, ctl, client, echo):
    peer = Connection(client)
    assert peer.say("evil") == "lost"
    text = daemon.config.read_text()
    daemon.configure(text.replace("evil: tcp payload", "again: tcp payload @4,4 0\n\tevil: tcp payload"))
    assert ctl("reload").status == OK
    assert flows(daemon, verdict="drop")
    daemon.configure(text.replace("drop flow", "drop"))
    assert ctl("reload").status == OK
    assert not flows(daemon, verdict="drop") and flows(daemon, port=peer.port)
    daemon.configure(text.replace("size 4k", "size 8k"))
    assert ctl("reload").status == OK
    assert not flows(daemon)
    peer.close()


def send(client, port, data=b"x", own=0):
    client.run("/usr/bin/python3", "-c", f"""
import socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("10.1.0.2", {own}))
udp.sendto({data!r}, ("10.2.0.2", {port}))
""")


def test_accept_flow(daemon, client):
    for _ in range(3):
        send(client, 7, own=5007)
        send(client, 8, own=5008)
    wait_until(lambda: daemon.rule("good") >= 3 and daemon.rule("later") == 2, "the rules count")
    assert one(daemon, port=7)["verdict"]["verdict"] == "accept"


def test_icmp(daemon, client):
    flow = one(daemon, proto="icmp")
    assert flow["state"] == "established" and flow["timeout"] == 20
    assert flow["client"]["addr"] == "10.1.0.2"
    assert flow["client"]["packets"] == flow["server"]["packets"] == 1
    # Nobody listens there: the answer is an error about it.
    before = daemon.rule("errors")
    send(client, 9, own=5009)
    wait_until(lambda: daemon.rule("errors") > before, "the error is of the flow")
    assert daemon.rule("out", "egress") > 0
    assert one(daemon, port=9)["state"] == "new"


def test_ipv6(daemon, client):
    client.run("ping", "-c1", "-W5", "fd00:2::2")
    flow = one(daemon, proto="icmpv6", addr="fd00:2::/64")
    assert flow["server"]["addr"] == "fd00:2::2" and flow["state"] == "established"


def test_command(daemon, ctl, client):
    for port in range(6000, 6010):
        send(client, 9, own=port)
    assert len(flows(daemon, addr="10.1.0.2", proto="udp")) == 10
    out = ctl("flows", "addr", "10.0.0.0/8", "proto", "udp").out
    assert out.count("10.1.0.2:60") == 10 and "in 4096 places" in out
    assert len(ctl("flows", "--json", "limit", "3").json()["flows"]) == 3
    assert "and more" in ctl("flows", "limit", "3").out
    assert ctl("flows", "kill", "port", "6003").out == "1 flows forgotten\n"
    assert not flows(daemon, port=6003) and len(flows(daemon, proto="udp")) == 9
    assert ctl("flows", "kill", "proto", "udp", "addr", "10.9.0.0/16").out == "0 flows forgotten\n"
    assert ctl("flows", "kill", "all").status == OK
    assert not flows(daemon)
    complains(ctl("flows", "kill"), "which", status=2)
    complains(ctl("flows", "colour", "red"), "'colour'", status=2)
    complains(ctl("flows", "port"), "not followed", status=2)
    complains(ctl("flows", "port", "70000"), "port")
    complains(ctl("flows", "addr", "10.0.0.0/33"), "addr")
    complains(ctl("flows", "state", "old"), "state")


def test_kill_lets_the_rules_judge_again(daemon, ctl, client, echo):
    peer = Connection(client)
    assert peer.say("evil") == "lost"
    assert ctl("flows", "kill", "port", str(peer.port)).status == OK
    # What TCP sends again is what the rule has met before.
    wait_until(lambda: flows(daemon, verdict="drop"), "the rule once more", timeout=20)
    peer.close()


def test_without_flows(sluiced, appliance):
    daemon = sluiced("interface lan0 { xdp auto }\nchain ingress { }\n").start()
    assert daemon.post("/v1/flows", {}) == {"table": None, "more": False, "flows": []}
    assert ctl_of(daemon, appliance)("flows").out == "no rule in force asks for flows\n"


@pytest.mark.parametrize("hook", ["xdp native", "tc ingress"])
def test_time_goes_on(sluiced, client, hook):
    """The data path's own clock: a flow gets older, by seconds, and not at once."""
    daemon = sluiced(f"interface lan0 {{ {hook} }}\n"
                     "chain ingress {\n\tseen: udp dport 7 count\n"
                     "\told: udp dport 7 flow age >= 3 count\n}\n").start()
    send(client, 7, own=5007)
    wait_until(lambda: daemon.rule("seen") == 1, "the first packet")
    assert daemon.rule("old") == 0

    def is_old():
        send(client, 7, own=5007)
        return daemon.rule("old") > 0

    began = time.monotonic()
    wait_until(is_old, "a flow of three seconds")
    assert time.monotonic() - began > 2
    assert daemon.rule("seen") > 2
