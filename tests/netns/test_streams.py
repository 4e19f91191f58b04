# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Requests in pieces over real connections: what rules make of them, and what is told of them."""

import json

import pytest

from lab import wait_until

CONFIG = """
interface lan0 {{ {hooks} }}
interface wan0 {{ tc ingress, egress }}
flows {{ size 4k; streams 64 }}
chain ingress {{
	policy accept
	bad: http host bad.example log drop
}}
chain egress {{
	policy accept
	copy:  tcp dport 8080 mirror tun1
	named: http host fun.example count
}}
"""

SERVER = """
import socket
tcp = socket.create_server(("10.2.0.2", 8080))
print("ready", flush=True)
while True:
    peer = tcp.accept()[0]
    data = b""
    while not data.endswith(b"\\r\\n\\r\\n") and (more := peer.recv(65536)):
        data += more
        peer.sendall(b"%d " % len(data))
    peer.close()
"""

# Sends the parts one by one, each when the server has what came before; prints the port, and what
# the server has then.
CLIENT = """
import socket, sys
tcp = socket.create_connection(("10.2.0.2", 8080), timeout=20)
tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(tcp.getsockname()[1], flush=True)
tcp.settimeout(2)
for part in sys.argv[1:]:
    tcp.sendall(part.encode().decode("unicode_escape").encode())
    try:
        print("answer", tcp.recv(100).decode().strip(), flush=True)
    except TimeoutError:
        print("lost", flush=True)
sys.stdin.read()
"""

PARTS = ["GET / HTTP/1.1\\r\\nHo", "st: {}\\r\\n\\r\\n"]


@pytest.fixture(params=["xdp native; tc egress", "tc ingress, egress"])
def daemon(sluiced, request, appliance, client):
    appliance.run("ip", "link", "add", "tun1", "type", "vxlan", "id", "5", "remote", "10.2.0.2",
                  "dstport", "4789")
    appliance.run("ip", "link", "set", "tun1", "up")
    daemon = sluiced(CONFIG.format(hooks=request.param)).start()
    client.run("ping", "-c1", "-W5", "10.2.0.2")
    return daemon


def ask(client, host):
    process = client.python(CLIENT, *(part.format(host) for part in PARTS), stdin=-1)
    lines = [process.stdout.readline().strip() for _ in range(3)]
    return process, int(lines[0]), lines[1:]


def flow_of(daemon, port):
    (flow,) = daemon.post("/v1/flows", {"proto": "tcp", "port": port})["flows"]
    return flow


def test_a_name_in_two_segments(daemon, ctl, client, echo):
    process, port, said = ask(client, "bad.example")
    assert said == ["answer 18", "lost"]
    assert daemon.rule("bad") > 0
    flow = flow_of(daemon, port)
    assert (flow["app"], flow["name"]) == ("http", "bad.example")
    done = ctl("flows", "port", port)
    assert "http" in done.out and "bad.example" in done.out
    event = json.loads(ctl("events").out.splitlines()[-1])
    assert event["app_proto"] == "http" and event["sluice"]["name"] == "bad.example"
    process.kill()
    process.wait()


def test_fields_hold_behind_a_copy_in_a_tunnel(daemon, client, echo):
    """The copy leaves by the same interface, in a tunnel: the same program meets another packet."""
    process, port, said = ask(client, "fun.example")
    assert said[0] == "answer 18" and said[1].startswith("answer")
    wait_until(lambda: daemon.rule("named", "egress") > 0, "the rule behind the copy")
    assert daemon.rule("copy", "egress") > 0
    process.kill()
    process.wait()
