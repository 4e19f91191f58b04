# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Namespaces, a sluiced in one of them, and ways to wait. See conftest.py for the fixtures."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("SLUICE_BUILD", TOP / "build"))
SLUICED = os.environ.get("SLUICED", str(BUILD / "sluiced"))
SLUICECTL = os.environ.get("SLUICECTL", str(BUILD / "sluicectl"))
# Emulated kernels are slow, and so is everything while others use the machine.
PATIENCE = float(os.environ.get("SLUICE_PATIENCE", "90"))


def wait_until(check, what, timeout=None):
    """Calls check() until it returns something true, and returns that."""
    end = time.monotonic() + (timeout or PATIENCE)
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}; last: {found!r}")
        time.sleep(0.02)


class Process(subprocess.Popen):
    """What goes wrong in its with block is not waited with for its end."""

    def __exit__(self, kind, value, traceback):
        if kind:
            self.kill()
        super().__exit__(kind, value, traceback)


class Netns:
    """A network namespace; commands run in it with the host's mounts, so bpffs is seen."""

    def __init__(self, name):
        self.name = name
        self.path = f"/run/netns/{name}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.sh("ip link set lo up")

    def command(self, *args):
        return ["nsenter", f"--net={self.path}", "--", *map(str, args)]

    def run(self, *args, check=True, **kwargs):
        kwargs.setdefault("capture_output", True)
        kwargs.setdefault("text", True)
        kwargs.setdefault("timeout", 2 * PATIENCE)
        done = subprocess.run(self.command(*args), **kwargs)
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {args}: exit {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def sh(self, script, **kwargs):
        """Output of a shell script, which ends at the first command that fails."""
        return self.run("sh", "-ec", script, **kwargs).stdout

    def popen(self, *args, **kwargs):
        return Process(self.command(*args), **kwargs)

    def python(self, script, *args, **kwargs):
        """Starts a Python script; its output is a pipe."""
        kwargs.setdefault("stdout", subprocess.PIPE)
        kwargs.setdefault("text", True)
        return self.popen("/usr/bin/python3", "-c", script, *args, **kwargs)

    def sysctl(self, key, value):
        self.run("sysctl", "-qw", f"{key}={value}")

    def ifindex(self, name):
        return json.loads(self.sh(f"ip -j link show {name}"))[0]["ifindex"]

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout=None):
        super().__init__("sluiced", timeout=timeout or PATIENCE)
        self.unix_path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix_path)


class Refused(AssertionError):
    """An answer other than 200."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Sluiced:
    """A daemon in a namespace, with a run directory, a bpffs and a configuration of its own."""

    def __init__(self, netns, run_dir, bpffs, config="", args=(), env=None, binary=None,
                 prefix=()):
        self.netns, self.run_dir, self.bpffs = netns, Path(run_dir), Path(bpffs)
        self.config = self.run_dir / "sluice.conf"
        self.socket = self.run_dir / "sluice.sock"
        self.pin_dir = self.bpffs / "sluice"
        self.log_path = self.run_dir / "log"
        self.args, self.env, self.binary = list(args), dict(env or {}), binary or SLUICED
        self.prefix = list(prefix)  # a command that runs the daemon, as setpriv
        self.process = None
        self.notified = []
        self.notify_path = self.run_dir / "notify"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.notify_path))
        self.notify.setblocking(False)
        self.configure(config)

    def configure(self, text):
        self.config.write_text(text)

    # --- the process ---

    def spawn(self):
        """Starts it and returns at once."""
        assert self.process is None, "is running already"
        env = dict(os.environ, NOTIFY_SOCKET=str(self.notify_path), LIBXDP_BPFFS=str(self.bpffs),
                   **self.env)
        command = [*self.prefix, self.binary, "-v", "-c", self.config, "-s", self.socket, "-p", self.pin_dir,
                   *self.args]
        self.said("")  # what one before this has said
        self.notified.clear()
        with open(self.log_path, "a") as log:
            self.process = self.netns.popen(*command, env=env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        return self

    def start(self):
        """Starts it and waits until it says that it is ready."""
        self.spawn()
        wait_until(lambda: self.said("READY=1") or self.exited(), "READY=1")
        assert self.exited() is None, f"ended with {self.exited()}:\n{self.log()}"
        return self

    def exited(self):
        """Its exit status, as a string so that 0 is true; None while it runs."""
        code = self.process.poll()
        return None if code is None else str(code)

    def wait(self):
        code = self.process.wait(PATIENCE)
        self.process = None
        return code

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.process.kill()
        return self.wait()

    def hup(self):
        """SIGHUP, and waits for the end of the reload."""
        self.said("")
        self.notified.clear()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.said("READY=1"), "READY=1 after SIGHUP")

    def said(self, word):
        """Whether the service manager was told so since the start."""
        while True:
            try:
                self.notified += self.notify.recv(4096).decode().split("\n")
            except BlockingIOError:
                return word in self.notified

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def close(self):
        """Ends it and removes all that it left in the kernel."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None
        if self.pin_dir.exists():
            subprocess.run(self.netns.command(SLUICECTL, "detach", "--all", "--pin-dir",
                                              self.pin_dir, "--socket", self.run_dir / "none"),
                           env=dict(os.environ, LIBXDP_BPFFS=str(self.bpffs)),
                           capture_output=True, check=False)
        shutil.rmtree(self.pin_dir, ignore_errors=True)
        self.notify.close()

    # --- requests ---

    def connect(self, timeout=None):
        return UnixHTTP(self.socket, timeout)

    def raw(self, timeout=None):
        """A connected socket that speaks no HTTP by itself."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout or PATIENCE)
        sock.connect(str(self.socket))
        return sock

    def request(self, method, path, body=None):
        """Status and parsed body; body is sent as JSON unless it is bytes already."""
        http_connection = self.connect()
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            http_connection.request(method, path, data)
            answer = http_connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            http_connection.close()

    def get(self, path):
        status, body = self.request("GET", path)
        if status != 200:
            raise Refused(status, body)
        return body

    def post(self, path, body=None):
        status, answer = self.request("POST", path, body if body is not None else {})
        if status != 200:
            raise Refused(status, answer)
        return answer

    def interface(self, name):
        """Its entry in the status, or None."""
        for interface in self.get("/v1/status")["interfaces"]:
            if interface["name"] == name:
                return interface
        return None

    def wait_state(self, name, state):
        """Waits for a state of an interface (None: not listed) and returns its entry."""

        def check():
            interface = self.interface(name)
            return (interface or {"state": None})["state"] == state and (interface or True)

        return wait_until(check, f"{name} to be {state}")

    def rule(self, name, chain="ingress"):
        """Packets that a rule matched."""
        for rule in self.get("/v1/rules")["rules"]:
            if (rule["chain"], rule["name"]) == (chain, name):
                return rule["packets"]
        raise AssertionError(f"no rule {name} in {chain}")

    def verdicts(self, name, hook):
        """Packets of an interface at a hook, by verdict."""
        for interface in self.get("/v1/stats")["interfaces"]:
            for entry in interface["hooks"]:
                if (interface["name"], entry["hook"]) == (name, hook):
                    return {word: c["packets"] for word, c in entry["verdicts"].items()}
        raise AssertionError(f"no {hook} at {name}")


@contextmanager
def run_dir_for(tag):
    """A directory open to all users, unlike pytest's, so that access rights can be tested."""
    path = Path(tempfile.mkdtemp(prefix=f"{tag}-", dir="/run"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@contextmanager
def bpffs_for(run_dir):
    path = run_dir / "bpf"
    path.mkdir()
    subprocess.run(["mount", "-t", "bpf", "bpf", path], check=True)
    yield path
    subprocess.run(["umount", "-l", path], check=True)
    path.rmdir()


class Lab:
    """client (c0) -- (lan0) appliance (wan0) -- (s0) server, routed."""

    def __init__(self, tag, mtu=9000):
        self.spaces = []
        self.client, self.appliance, self.server = (self.space(f"{tag}-{name}")
                                                    for name in ("client", "appliance", "server"))
        self.wire(self.client, "c0", self.appliance, "lan0", mtu)
        self.wire(self.appliance, "wan0", self.server, "s0", mtu)
        for netns, dev, host in ((self.client, "c0", "1:2"), (self.appliance, "lan0", "1:1"),
                                 (self.appliance, "wan0", "2:1"), (self.server, "s0", "2:2")):
            net, number = host.split(":")
            netns.sh(f"ip addr add 10.{net}.0.{number}/24 dev {dev}; "
                     f"ip addr add fd00:{net}::{number}/64 dev {dev} nodad; ip link set {dev} up")
        self.appliance.sysctl("net.ipv4.ip_forward", 1)
        self.appliance.sysctl("net.ipv6.conf.all.forwarding", 1)
        for netns, net in ((self.client, 1), (self.server, 2)):
            netns.sh(f"ip route add default via 10.{net}.0.1; "
                     f"ip -6 route add default via fd00:{net}::1")

    def space(self, name):
        netns = Netns(name)
        self.spaces.append(netns)
        return netns

    @staticmethod
    def wire(left, left_dev, right, right_dev, mtu):
        left.sh(f"ip link add {left_dev} mtu {mtu} type veth "
                f"peer name {right_dev} mtu {mtu} netns {right.name}")

    def close(self):
        for netns in self.spaces:
            netns.close()
