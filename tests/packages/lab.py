# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""client - in0 [a booted root, which routes] out0 - server, and traffic from one to the other."""

import json
import signal
import subprocess
from pathlib import Path

from root import run

TRAFFIC = Path(__file__).resolve().parent / "traffic.py"
PORT = "5001"


def in_netns(name, *command):
    return ["nsenter", f"--net=/run/netns/{name}", *command]


class Lab:
    def __init__(self, root):
        self.root = root
        for name, near, net in ("client", "in0", 1), ("server", "out0", 2):
            run("ip", "netns", "add", name)
            run("ip", "link", "add", "v0", "netns", name, "type", "veth",
                "peer", "name", near, "netns", root.systemd)
            run(*in_netns(name, "ip", "address", "add", f"10.9.{net}.2/24", "dev", "v0"))
            run(*in_netns(name, "ip", "link", "set", "v0", "up"))
            run(*in_netns(name, "ip", "route", "add", "default", "via", f"10.9.{net}.1"))
            self.appliance("ip", "address", "add", f"10.9.{net}.1/24", "dev", near)
            self.appliance("ip", "link", "set", near, "up")
        self.appliance("sysctl", "-qw", "net.ipv4.ip_forward=1")

    def appliance(self, *command):
        """A command of the host's, in the network of the root: what is installed there, is not
        needed for a package that works."""
        return run("nsenter", "-t", self.root.systemd, "-n", *command)

    def close(self):
        for name in "client", "server":
            run("ip", "netns", "del", name)

    def ping(self):
        run(*in_netns("client", "ping", "-q", "-c", "3", "-i", "0.2", "-W", "2", "10.9.2.2"))


class Traffic:
    """Datagrams from client to server while the `with` lasts; then sent, received, different."""

    def __enter__(self):
        self.receiver = self.start("server", "receive", PORT)
        assert self.receiver.stdout.readline() == "ready\n"
        self.sender = self.start("client", "send", "10.9.2.2", PORT)
        self.sent = self.received = self.different = None
        return self

    @staticmethod
    def start(netns, *arguments):
        return subprocess.Popen(in_netns(netns, "/usr/bin/python3", "-B", TRAFFIC, *arguments),
                                stdout=subprocess.PIPE, text=True)

    @staticmethod
    def stop(process):
        process.send_signal(signal.SIGTERM)
        words = process.communicate(timeout=10)[0].split()
        assert process.returncode == 0 and words, "the traffic broke off"
        return [int(word) for word in words]

    def __exit__(self, *_exception):
        self.sent = self.stop(self.sender)[0]
        run("sleep", "0.3")
        self.received, self.different = self.stop(self.receiver)


def packets(stats, interface, hook):
    """Of all verdicts."""
    for found in stats["interfaces"]:
        for counters in found["hooks"] if found["name"] == interface else ():
            if counters["hook"] == hook:
                return sum(verdict["packets"] for verdict in counters["verdicts"].values())
    raise AssertionError(f"no counters of {interface} {hook} in {stats}")


class KernelObjects:
    """Programs, maps and links by their ids, which are not used again."""

    SHOW = {"prog_id": "prog", "map_id": "map", "link_id": "link"}

    def __init__(self, pids):
        self.ids = set()
        for pid in pids:
            for info in Path(f"/proc/{pid}/fdinfo").iterdir():
                fields = dict(line.split(":", 1) for line in info.read_text().splitlines()
                              if ":" in line)
                self.ids |= {(self.SHOW[key], int(value)) for key, value in fields.items()
                             if key in self.SHOW}
        for kind, number in list(self.ids):
            if kind == "link":
                self.ids.add(("prog", self.show(kind, number)["prog_id"]))
        for kind, number in list(self.ids):
            if kind == "prog":
                self.ids |= {("map", one) for one in self.show(kind, number).get("map_ids", [])}

    def add_xdp(self, lab, interface):
        link = json.loads(lab.appliance("ip", "-json", "link", "show", interface))[0]
        program = link["xdp"]["prog"]["id"]
        self.ids.add(("prog", program))
        self.ids |= {("map", one) for one in self.show("prog", program).get("map_ids", [])}

    @staticmethod
    def show(kind, number):
        text = run("bpftool", "-j", kind, "show", "id", number, check=False)
        try:
            shown = json.loads(text)
        except ValueError:
            return None
        return shown if "id" in shown else None

    def left(self):
        return {(kind, number) for kind, number in self.ids if self.show(kind, number)}
