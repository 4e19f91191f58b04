# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""sluicectl against a socket that answers what the test wants: each reply, and each kind of refusal."""

import json
import os
import pty
import signal
import socket
import struct
import fcntl
import subprocess
import termios
import threading
import time
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer

import pytest

from ctl import FAILED, OK, complains, sluicectl
from lab import PATIENCE, SLUICECTL

ATTACHED = {
    "name": "eth0", "ifindex": 2, "slot": 1, "origin": "config", "state": "attached",
    "error": None, "mtu": 9000, "driver_features": ["basic", "rx-sg"],
    "xdp": {"requested": "auto", "mode": "native", "attach": "dispatcher", "why": None,
            "frags": True, "priority": 50, "program_id": 17},
    "tc": {"ingress": {"attach": "none", "program_id": None},
           "egress": {"attach": "tcx", "program_id": 18}},
}
BROKEN = {
    "name": "wan\x1b[2J0", "ifindex": 3, "slot": None, "origin": "manual", "state": "failed",
    "error": "xdp: attach to 'wan0' failed: device busy", "mtu": 1500, "driver_features": None,
    "xdp": {"requested": "native", "mode": "off", "attach": "none",
            "why": "the driver has no native mode", "frags": False, "priority": None,
            "program_id": None},
    "tc": {"ingress": {"attach": "none", "program_id": None},
           "egress": {"attach": "none", "program_id": None}},
}
STATUS = {
    "version": "0.1.0", "abi": 1, "pid": 4242, "uptime": 3723, "config": "/etc/sluice/sluice.conf",
    "pin_dir": "/sys/fs/bpf/sluice", "datapath": "running",
    "ruleset": {"generation": 3, "rules": 12, "loaded_at": 1700000000, "bytes": 4096},
    "interfaces": [ATTACHED, BROKEN],
}
RULES = {
    "generation": 3, "source": "chain ingress { ... }",
    "rules": [
        {"chain": "ingress", "name": "ssh", "text": "tcp dport 22 drop", "policy": False,
         "packets": 10, "bytes": 740},
        {"chain": "ingress", "name": "policy", "text": "policy accept", "policy": True,
         "packets": 90, "bytes": 10 * 2 ** 20},
    ],
}


def stats(packets):
    counter = {"packets": packets, "bytes": 100 * packets}
    return {
        "time": "2026-11-21T12:04:05.123456Z",
        "interfaces": [{"name": "eth0", "ifindex": 2, "hooks": [
            {"hook": "xdp", "direction": "ingress", "verdicts": {
                "accept": counter, "drop": {"packets": 5, "bytes": 300},
                "seen": {"packets": 0, "bytes": 0}},
             "reasons": {"bad-ihl": {"packets": 5, "bytes": 300}}}]}],
        "reasons": {"bad-ihl": {"packets": 5, "bytes": 300},
                    "bad-arp": {"packets": 0, "bytes": 0}},
        "rules": RULES["rules"],
    }


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


class Fake:
    """Answers (path): what replies has for it, a (status, body) or a function that returns one."""

    def __init__(self, path):
        self.path, self.replies, self.requests, self.closed = path, {}, [], False
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "local"

            def log_message(self, *args):
                pass

            def answer(self):
                if fake.closed:
                    self.close_connection = True
                    return
                length = int(self.headers.get("Content-Length", 0))
                fake.requests.append((self.command, self.path, self.rfile.read(length).decode()))
                reply = fake.replies[self.path]
                status, body = reply() if callable(reply) else reply
                if not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

        self.server = Server(str(path), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Connections that are open answer nothing any more."""
        self.closed = True
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def fake(tmp_path):
    made = Fake(tmp_path / "s")
    made.replies = {"/v1/status": (200, STATUS), "/v1/stats": (200, stats(100)),
                    "/v1/rules": (200, RULES), "/v1/attach": (200, {"interface": ATTACHED}),
                    "/v1/detach": (200, {}),
                    "/v1/reload": (200, {"ruleset": STATUS["ruleset"], "diagnostics": "",
                                         "failed": []})}
    yield made
    made.close()


@pytest.fixture
def ctl(fake):
    return lambda *args, **kwargs: sluicectl("-s", fake.path, *args, **kwargs)


# --- what is asked for ---

REQUESTS = [
    ("status", "GET", "/v1/status", None),
    ("stats", "GET", "/v1/stats", None),
    ("rules", "GET", "/v1/rules", None),
    ("attach eth0", "POST", "/v1/attach", {"interface": "eth0"}),
    ("attach eth0 --xdp native --priority 7 --tc ingress,egress", "POST", "/v1/attach",
     {"interface": "eth0", "xdp": "native", "priority": 7, "tc": ["ingress", "egress"]}),
    ("attach --tc none eth0 --xdp=off", "POST", "/v1/attach",
     {"interface": "eth0", "xdp": "off", "tc": []}),
    ("attach --priority 0 -- eth0", "POST", "/v1/attach", {"interface": "eth0", "priority": 0}),
    ("detach eth0", "POST", "/v1/detach", {"interface": "eth0"}),
    ("detach --all", "POST", "/v1/detach", {"all": True}),
    ("reload", "POST", "/v1/reload", {}),
]


@pytest.mark.parametrize("line,method,path,body", REQUESTS, ids=[row[0] for row in REQUESTS])
def test_request(fake, ctl, line, method, path, body):
    done = ctl(*line.split())
    assert (done.status, done.err) == (OK, "")
    asked, = fake.requests
    assert asked[:2] == (method, path)
    assert (json.loads(asked[2]) if asked[2] else None) == body


@pytest.mark.parametrize("line,method,path,body", REQUESTS, ids=[row[0] for row in REQUESTS])
def test_json_is_the_answer(fake, ctl, line, method, path, body):
    done = ctl("--json", *line.split())
    assert (done.status, done.err) == (OK, "")
    assert done.json() == fake.replies[path][1]


def test_proxies_are_not_asked(ctl):
    proxies = {name: "http://127.0.0.1:9" for name in ("http_proxy", "ALL_PROXY", "all_proxy")}
    assert ctl("status", env=proxies).status == OK


# --- text ---

def test_status(ctl):
    out = ctl("status").out
    for words in ("sluiced 0.1.0, pid 4242, up 1h 2m, configuration /etc/sluice/sluice.conf",
                  "data path running at /sys/fs/bpf/sluice, rule set 3: 12 rules, 4.0 KiB",
                  "native, dispatcher, frags, priority 50",
                  "wan?[2J0: xdp: attach to 'wan0' failed: device busy",
                  "wan?[2J0: xdp: the driver has no native mode"):
        assert words in out
    assert "\x1b" not in out


def test_status_of_an_empty_daemon(fake, ctl):
    fake.replies["/v1/status"] = (200, {**STATUS, "datapath": "empty", "ruleset": None,
                                        "interfaces": []})
    out = ctl("status").out
    assert "data path empty" in out and "no rule set" in out and "no interfaces" in out


def test_attach(ctl):
    assert ctl("attach", "eth0").out == \
        "eth0: attached: xdp native, dispatcher, frags, priority 50; tc egress tcx\n"


def test_stats_of_what_met_nothing(fake, ctl):
    idle = stats(0)
    idle["interfaces"][0]["hooks"][0]["verdicts"]["drop"]["packets"] = 0
    fake.replies["/v1/stats"] = (200, idle)
    assert ctl("stats").out.splitlines()[1].split() == ["eth0", "-", "-", "0", "0", "B"]
    fake.replies["/v1/stats"] = (200, {**idle, "interfaces": [], "rules": []})
    assert "no interfaces" in ctl("stats").out


def test_stats(ctl):
    lines = [line.split() for line in ctl("stats").out.splitlines()]
    assert ["eth0", "xdp", "accept", "100", "9.8", "KiB"] in lines
    assert ["bad-ihl", "5", "300", "B"] in lines
    assert ["ingress", "ssh", "10", "740", "B", "tcp", "dport", "22", "drop"] in lines
    assert not any(line and line[0] == "bad-arp" for line in lines)


def test_rules(fake, ctl):
    lines = [line.split() for line in ctl("rules").out.splitlines()]
    assert ["ingress", "policy", "90", "10.0", "MiB", "policy", "accept"] in lines
    fake.replies["/v1/rules"] = (200, {"generation": 0, "source": "", "rules": []})
    assert "no rules are loaded" in ctl("rules").out


def test_reload(fake, ctl):
    assert ctl("reload").out == "configuration loaded: rule set 3, 12 rules\n"
    fake.replies["/v1/reload"] = (200, {"ruleset": STATUS["ruleset"], "diagnostics": "a: warning\n",
                                        "failed": [{"name": "eth9", "error": "device busy"}]})
    done = ctl("reload")
    assert done.status == FAILED
    assert done.err == "a: warning\nsluicectl: eth9: device busy\n"


@pytest.mark.parametrize("columns", [50, 60, 80, 200])
def test_tables_fit(fake, ctl, columns):
    rule = {**RULES["rules"][0], "text": "saddr { " + ", ".join(["192.0.2.1"] * 40) + " } drop"}
    fake.replies["/v1/rules"] = (200, {**RULES, "rules": [rule]})
    title, line = ctl("rules", env={"COLUMNS": str(columns)}).out.splitlines()
    assert len(title) < len(line) == columns
    assert line.endswith("...")
    assert ctl("rules").out.splitlines()[1].endswith("} drop")


def test_wide_characters_are_counted(fake, ctl):
    names = ["plain", "größe", "漢字"]
    rules = [{**RULES["rules"][0], "name": name, "packets": 1} for name in names]
    fake.replies["/v1/rules"] = (200, {**RULES, "rules": rules})
    lines = ctl("rules").out.splitlines()[1:]
    assert [line.index(" 1 ") for line in lines[:2]] == [lines[0].index(" 1 ")] * 2
    assert lines[2].index(" 1 ") == lines[0].index(" 1 ") - 2


@pytest.mark.parametrize("path", ["/v1/status", "/v1/stats", "/v1/rules", "/v1/attach",
                                  "/v1/reload"])
@pytest.mark.parametrize("what", [
    {}, {"interfaces": 7, "rules": "x", "ruleset": [], "interface": None, "failed": 3},
    {"interfaces": [{}, None, 3, [], "x"], "rules": [{}, None, 3], "reasons": [],
     "interface": {"xdp": 1, "tc": []}, "failed": [None, 1], "diagnostics": 5},
    {"interfaces": [{"name": 5, "hooks": [{}, 1, {"verdicts": 4}]}], "time": "x"},
], ids=["empty", "wrong types", "wrong elements", "wrong leaves"])
def test_replies_that_make_no_sense(fake, ctl, path, what):
    """Another version, or something else altogether: never a crash."""
    fake.replies[path] = (200, what)
    verb = path[4:]
    done = ctl(verb, *(["eth0"] if verb == "attach" else []))
    assert done.status in (OK, FAILED)


# --- refusals ---

REFUSALS = [
    ("words", 409, {"error": "xdp: device busy (see 'sluicectl status')"},
     ["xdp: device busy (see 'sluicectl status')"]),
    ("forbidden", 403, {"error": "only root may change anything"}, ["only root may change"]),
    ("forbidden without words", 403, b"", ["permission denied", "root changes", "'sluice' reads"]),
    ("unknown path", 404, b"", ["does not know '/v1/status': is it older"]),
    ("server error", 500, b"<html>", ["refuses, and does not say why"]),
    ("no JSON", 200, b"hello", ["is not sluiced"]),
    ("empty", 200, b"", ["is not sluiced"]),
    ("array", 200, b"[]", ["is not sluiced"]),
    ("half", 200, b'{"a":', ["is not sluiced"]),
    ("bad UTF-8", 200, b'{"a":"\xff"}', ["is not sluiced"]),
    ("deep", 200, b"[" * 100000, ["is not sluiced"]),
]


@pytest.mark.parametrize("what,status,body,words", REFUSALS, ids=[row[0] for row in REFUSALS])
def test_refusal(fake, ctl, what, status, body, words):
    fake.replies["/v1/status"] = (status, body)
    complains(ctl("status"), *words)


def test_refusal_with_places(fake, ctl):
    places = "a.conf:1:2: error: no\n\tdorp\n\t^~~~\n"
    fake.replies["/v1/reload"] = (422, {"error": "the configuration has errors",
                                        "diagnostics": places})
    done = ctl("reload")
    assert done.status == FAILED and done.out == ""
    assert done.err == "sluicectl: the configuration has errors\n" + places


def raw_server(path, answer):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve():
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(answer)
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return server


@pytest.mark.parametrize("answer,word", [
    (b"", "went away"), (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "went away"),
    (b"SSH-2.0-OpenSSH\r\n", "is not sluiced"), (b"\0" * 100, "is not sluiced"),
], ids=["nothing", "half", "ssh", "zeros"])
def test_strange_server(tmp_path, answer, word):
    with raw_server(tmp_path / "x", answer):
        complains(sluicectl("status", "-s", tmp_path / "x"), word)


# --- stats --watch ---

class Clock:
    """Answers as if 50 packets came between two requests."""

    def __init__(self):
        self.turn = -1
        self.asked = []

    def __call__(self):
        self.turn += 1
        self.asked.append(time.monotonic())
        return 200, stats(100 + 50 * self.turn)


def start_watch(fake, *args, **kwargs):
    return subprocess.Popen([SLUICECTL, "-s", fake.path, *args, "stats", "--watch", "0.1"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **kwargs)


def test_watch_json(fake):
    fake.replies["/v1/stats"] = Clock()
    watch = start_watch(fake, "--json")
    for turn in range(3):
        assert json.loads(watch.stdout.readline()) == stats(100 + 50 * turn)
    watch.send_signal(signal.SIGTERM)
    assert watch.wait(PATIENCE) == 0
    assert watch.stderr.read() == ""


def test_watch_rates(fake):
    fake.replies["/v1/stats"] = clock = Clock()
    watch = start_watch(fake)

    def line():
        while True:
            words = watch.stdout.readline().split()
            if words[:3] == ["eth0", "xdp", "accept"]:
                return words

    assert line()[3] == "100"
    shown, took = time.monotonic(), 0
    for turn in range(1, 21):
        words = line()
        assert words[3] == str(100 + 50 * turn)
        # 50 packets of 100 bytes in about 0.1 s, the longer the busier the machine is.
        rate, bits = float(words[6]), float(words[7]) * {"kbit/s": 1e3, "Mbit/s": 1e6}[words[8]]
        assert bits == pytest.approx(800 * rate, rel=0.05)
        took += 50 / rate
        if turn == 1:
            assert words[3:6] == ["150", "14.6", "KiB"]
    # Each was made between two of the requests that this test has seen.
    assert 0.95 * (clock.asked[19] - shown) <= took <= 1.05 * (time.monotonic() - clock.asked[0])
    watch.send_signal(signal.SIGINT)
    assert watch.wait(PATIENCE) == 0


def test_watch_ends_with_its_reader(fake):
    fake.replies["/v1/stats"] = Clock()
    watch = start_watch(fake, "--json")
    watch.stdout.readline()
    watch.stdout.close()
    assert watch.wait(PATIENCE) == 0
    assert watch.stderr.read() == ""


def test_watch_outlives_the_daemon(fake, tmp_path):
    fake.replies["/v1/stats"] = Clock()
    watch = start_watch(fake)
    watch.stdout.readline()
    fake.close()
    os.unlink(fake.path)
    while "does not answer" not in watch.stdout.readline():
        pass
    again = Fake(fake.path)
    again.replies["/v1/stats"] = Clock()
    while not watch.stdout.readline().startswith("eth0"):
        pass
    watch.send_signal(signal.SIGTERM)
    assert watch.wait(PATIENCE) == 0
    again.close()


def test_watch_refused_later(fake):
    fake.replies["/v1/stats"] = Clock()
    watch = start_watch(fake, "--json")
    watch.stdout.readline()
    fake.replies["/v1/stats"] = (403, {"error": "you may not read"})
    assert watch.wait(PATIENCE) == FAILED
    assert watch.stderr.read() == "sluicectl: you may not read\n"


def on_terminal(command, rows, columns, until, env=None):
    """Output of a command on a terminal of that size, ended by Ctrl-C when until has come."""
    main, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child,
                               start_new_session=True,
                               env={"PATH": os.environ["PATH"], "TERM": "xterm",
                                    "LC_ALL": "C.UTF-8", **(env or {})},
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(child)
    seen, stopped, end = b"", False, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            data = os.read(main, 4096)
        except OSError:
            break
        seen += data
        if until and until in seen and not stopped:
            os.write(main, b"\x03")
            stopped = True
    os.close(main)
    return process.wait(PATIENCE), seen.decode()


def test_watch_on_a_terminal(fake):
    fake.replies["/v1/stats"] = Clock()
    status, seen = on_terminal([SLUICECTL, "-s", fake.path, "stats", "--watch", "0.1"], 12, 60,
                               b" 200 ")
    assert status == 0
    screens = seen.split("\x1b[H")[1:]
    assert len(screens) >= 3
    for screen in screens:
        # Drawn in place: never a line more than the screen has, nothing scrolls.
        assert screen.count("\n") < 12
    assert seen.startswith("\x1b[?1049h") and seen.rstrip().endswith("\x1b[?25h\x1b[?1049l")


@pytest.mark.parametrize("env,coloured", [({}, True), ({"NO_COLOR": "1"}, False),
                                          ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)])
def test_colours(fake, env, coloured):
    status, seen = on_terminal([SLUICECTL, "-s", fake.path, "status"], 24, 200, None, env)
    assert status == 0
    assert ("\x1b[32mattached\x1b[0m" in seen) == coloured
    assert ("\x1b" in seen) == coloured


def test_no_colours_in_a_file(ctl):
    assert "\x1b" not in ctl("status", env={"TERM": "xterm"}).out
