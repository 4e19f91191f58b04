# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Rules that redirect or mirror to an interface mean the one that has the name now."""

import json

import pytest

from lab import wait_until

CONFIG = """
interface lan0 {{ {hook} }}
chain ingress {{
	policy accept
	away: udp dport 9 {action} tap0
}}
"""


def make(appliance, name, peer):
    appliance.sh(f"ip link add {name} mtu 9000 type veth peer name {peer} mtu 9000; "
                 f"ip link set {name} up; ip link set {peer} up")


def received(appliance, name):
    """What has come in, in datagrams of send(): what the stack itself sends is too little to count."""
    (link,) = json.loads(appliance.sh(f"ip -j -s link show {name}"))
    return link["stats64"]["rx"]["bytes"] // 5000


def send(client):
    client.run("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, "
               "socket.SOCK_DGRAM).sendto(bytes(5000), ('10.1.0.1', 9))")


def undone(daemon, hook, reason):
    for interface in daemon.get("/v1/stats")["interfaces"]:
        for entry in interface["hooks"]:
            if (interface["name"], entry["hook"]) == ("lan0", hook):
                return entry["reasons"].get(reason, {"packets": 0})["packets"]
    raise AssertionError(f"no {hook} at lan0")


@pytest.mark.parametrize("action, hook, at", [
    ("redirect", "xdp generic", "xdp"), ("redirect", "tc ingress", "tc-ingress"),
    ("mirror", "tc ingress", "tc-ingress"),
])
def test_follows(sluiced, appliance, client, action, hook, at):
    reason = f"{action}-port"
    daemon = sluiced(CONFIG.format(hook=hook, action=action)).start()

    def goes_nowhere():
        before = undone(daemon, at, reason)
        send(client)
        return wait_until(lambda: undone(daemon, at, reason) + daemon.rule("away") > before, "it") \
            and undone(daemon, at, reason) > before

    def arrives(peer):
        before = received(appliance, peer)
        missed = undone(daemon, at, reason)
        send(client)
        wait_until(lambda: received(appliance, peer) > before or
                   undone(daemon, at, reason) > missed, "the packet somewhere")
        return received(appliance, peer) > before

    assert goes_nowhere()
    make(appliance, "tap0", "tap1")
    wait_until(lambda: arrives("tap1"), "the interface that was made")
    # Another interface of the same name.
    appliance.sh("ip link del tap0")
    wait_until(goes_nowhere, "its end")
    make(appliance, "tap0", "tap2")
    wait_until(lambda: arrives("tap2"), "the one made anew")
    # Another one gets the name.
    make(appliance, "other", "tap3")
    appliance.sh("ip link set tap0 down; ip link set tap0 name gone")
    wait_until(goes_nowhere, "the name to be gone")
    appliance.sh("ip link set other down; ip link set other name tap0; ip link set tap0 up")
    wait_until(lambda: arrives("tap3"), "the one with the name now")
    # While nobody watches, and then somebody does.
    daemon.kill()
    appliance.sh("ip link set tap0 down; ip link set tap0 name other; "
                 "ip link set gone name tap0; ip link set tap0 up")
    daemon.start()
    wait_until(lambda: arrives("tap2"), "what the new daemon finds")
