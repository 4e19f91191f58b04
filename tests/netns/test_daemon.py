# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""sluiced from its start to its end, and what stays when it is gone."""

import json
import os
import signal
import socket
import subprocess

import pytest

from lab import BUILD, SLUICED, wait_until

CONFIG = """
interface lan0 { xdp auto; tc egress }
interface wan0 { xdp auto; tc egress }
chain ingress {
	policy accept
	there: udp dport 7007 accept
	back:  udp sport 7007 accept
}
chain egress {
	policy accept
	there: udp dport 7007 accept
	back:  udp sport 7007 accept
}
"""


def run(*args, **kwargs):
    return subprocess.run([SLUICED, *map(str, args)], capture_output=True, text=True, **kwargs)


# --- the command line ---


def test_help_and_version():
    done = run("-h")
    assert done.returncode == 0 and done.stdout.startswith("usage: sluiced") and not done.stderr
    assert run("--help").stdout == done.stdout
    done = run("-V")
    assert done.returncode == 0 and done.stdout.startswith("sluiced ")


@pytest.mark.parametrize("args", [["-x"], ["--nope"], ["-c"], ["-c", ""], ["start"], ["--", "x"]])
def test_usage(args):
    done = run(*args)
    assert done.returncode == 2
    assert "'sluiced --help'" in done.stderr and not done.stdout


# --- start and end ---


def test_start_and_stop(sluiced, appliance):
    daemon = sluiced(CONFIG).start()
    before = daemon.get("/v1/status")
    assert [i["state"] for i in before["interfaces"]] == ["attached", "attached"]
    assert daemon.stop() == 0
    assert daemon.said("STOPPING=1")
    assert not daemon.socket.exists()
    # All goes on as it was, and is found again.
    assert (daemon.pin_dir / "arena").exists()
    assert "xdp" in appliance.sh("ip link show lan0")
    after = daemon.start().get("/v1/status")
    for old, new in zip(before["interfaces"], after["interfaces"]):
        assert old["xdp"]["program_id"] == new["xdp"]["program_id"]
        assert old["tc"] == new["tc"]
    assert after["ruleset"]["generation"] > before["ruleset"]["generation"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(sluiced_bare, number):
    daemon = sluiced_bare("").start()
    daemon.process.send_signal(number)
    assert daemon.wait() == 0


def test_bad_config_at_first_start_touches_nothing(sluiced_bare):
    daemon = sluiced_bare("chain ingress { policy dorp }").spawn()
    assert daemon.wait() == 1
    assert f"{daemon.config}:1:24: error:" in daemon.log()
    assert not daemon.pin_dir.exists() and not daemon.socket.exists()


def test_missing_config(sluiced_bare):
    daemon = sluiced_bare("")
    daemon.config.unlink()
    assert daemon.spawn().wait() == 1
    assert str(daemon.config) in daemon.log() and "no such file" in daemon.log().lower()


def test_bad_config_keeps_the_data_path(sluiced, client):
    daemon = sluiced(CONFIG).start()
    daemon.stop()
    pinned = sorted(p.relative_to(daemon.pin_dir) for p in daemon.pin_dir.rglob("*"))
    daemon.configure(CONFIG.replace("accept", "acept"))
    assert daemon.spawn().wait() == 1
    assert "'acept'" in daemon.log()
    assert pinned == sorted(p.relative_to(daemon.pin_dir) for p in daemon.pin_dir.rglob("*"))
    send(client, 10)
    daemon.configure(CONFIG)
    daemon.start()
    assert daemon.rule("there") == 10


def test_relative_paths(sluiced_bare, bare):
    daemon = sluiced_bare("")
    process = subprocess.Popen(bare.command(SLUICED, "-c", "sluice.conf", "-s", "sluice.sock", "-p",
                                            os.path.relpath(daemon.pin_dir, daemon.run_dir)),
                               cwd=daemon.run_dir, stderr=subprocess.PIPE, text=True)
    wait_until(daemon.socket.exists, "the socket")
    assert daemon.get("/v1/status")["config"] == str(daemon.config)
    process.terminate()
    assert process.wait(20) == 0, process.stderr.read()


def test_log_levels_only_for_the_journal(bare, sluiced_bare):
    daemon = sluiced_bare("chain ingress { policy dorp }")
    args = [SLUICED, "-c", daemon.config, "-s", daemon.socket, "-p", daemon.pin_dir]
    plain = bare.run(*args, check=False).stderr
    assert plain and not plain.startswith("<")
    # As the journal does: standard error is the socket that the variable names.
    ours, theirs = socket.socketpair()
    info = os.fstat(theirs.fileno())
    bare.run(*args, check=False, capture_output=False, stderr=theirs,
             env=dict(os.environ, JOURNAL_STREAM=f"{info.st_dev}:{info.st_ino}"))
    lines = ours.recv(65536).decode().splitlines()
    assert lines and all(line.startswith("<3>") for line in lines)


# --- alone ---


def test_one_for_each_socket(sluiced_bare, bpffs):
    first = sluiced_bare("").start()
    second = sluiced_bare("", run_dir=first.run_dir.parent / "other")
    second.socket, second.pin_dir = first.socket, bpffs / "other"
    assert second.spawn().wait() == 1
    assert "another sluiced answers there" in second.log()
    assert first.get("/v1/status")["pid"] == first.process.pid


def test_one_for_each_pin_directory(sluiced_bare):
    first = sluiced_bare("").start()
    second = sluiced_bare("")
    assert second.spawn().wait() == 1
    assert "is in use by another process" in second.log()
    assert first.stop() == 0
    second.start()


def test_stale_socket_is_replaced(sluiced_bare):
    daemon = sluiced_bare("").start()
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.get("/v1/status")["pid"] == daemon.process.pid


def test_what_is_no_socket_stays(sluiced_bare):
    daemon = sluiced_bare("")
    daemon.socket.write_text("precious")
    assert daemon.spawn().wait() == 1
    assert daemon.socket.read_text() == "precious"


def test_socket_of_another_program_stays(sluiced_bare):
    daemon = sluiced_bare("")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(daemon.socket))
        other.listen()
        assert daemon.spawn().wait() == 1
        other.settimeout(5)
        other.accept()


def test_bpffs_is_mounted_where_there_is_none(sluiced_bare, run_dir):
    daemon = sluiced_bare("")
    daemon.pin_dir = run_dir / "fs" / "pins"
    try:
        daemon.start()
        with open("/proc/mounts", encoding="ascii") as mounts:
            assert any(line.split()[1:3] == [str(run_dir / "fs"), "bpf"] for line in mounts)
        daemon.post("/v1/detach", {"all": True})
        daemon.stop()
    finally:
        subprocess.run(["umount", run_dir / "fs"], check=True)


def test_nothing_is_hidden_under_a_bpffs(sluiced_bare, run_dir):
    daemon = sluiced_bare("")
    daemon.pin_dir = run_dir / "pins"
    assert daemon.spawn().wait() == 1
    assert f"mount -t bpf bpf {run_dir}" in daemon.log()
    assert not daemon.pin_dir.exists()


# --- privileges, service manager ---


def test_privileges(sluiced_bare):
    daemon = sluiced_bare("").start()
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    needed = 1 << 12 | 1 << 21 | 1 << 38 | 1 << 39  # NET_ADMIN, SYS_ADMIN, PERFMON, BPF
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert int(fields[name], 16) == needed, name
    assert int(fields["CapInh"], 16) == int(fields["CapAmb"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Threads"] == "1"


UNIT = ["setpriv", "--bounding-set", "-all,+bpf,+perfmon,+net_admin,+sys_admin", "--inh-caps",
        "-all", "--regid", "60", "--clear-groups"]


def test_privileges_that_the_unit_leaves_suffice(sluiced, client):
    """No CAP_CHOWN for the socket, no CAP_SETPCAP for the bounding set."""
    daemon = sluiced(CONFIG, prefix=UNIT, args=["-g", "games"]).start()
    assert os.stat(daemon.socket).st_gid == 60
    assert os.stat(daemon.socket).st_mode & 0o777 == 0o660
    assert daemon.interface("lan0")["xdp"]["mode"] == "native"
    send(client, 5)
    assert daemon.rule("there") == 5
    daemon.post("/v1/detach", {"all": True})
    assert "privileges" not in daemon.log()


def test_privileges_that_are_missing_are_named(sluiced_bare):
    daemon = sluiced_bare("", prefix=["setpriv", "--bounding-set", "-sys_admin"]).start()
    assert "no sys_admin: programs attach alone" in daemon.log()
    assert daemon.stop() == 0


def test_watchdog(sluiced_bare):
    daemon = sluiced_bare("", env={"WATCHDOG_USEC": "200000"}).start()
    for _ in range(3):
        daemon.notified.clear()
        wait_until(lambda: daemon.said("WATCHDOG=1"), "WATCHDOG=1", 2)


def test_watchdog_of_another_process(sluiced_bare):
    daemon = sluiced_bare("", env={"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"}).start()
    for _ in range(10):
        daemon.get("/v1/status")
    assert not daemon.said("WATCHDOG=1")


def test_hup(sluiced_bare):
    daemon = sluiced_bare("chain ingress { policy accept }").start()
    daemon.configure("chain ingress { policy drop }")
    daemon.hup()
    assert any(line.startswith("MONOTONIC_USEC=") for line in daemon.notified)
    assert "policy drop" in daemon.get("/v1/rules")["source"]
    assert daemon.said("STATUS=running")
    daemon.configure("chain ingress { policy dorp }")
    daemon.hup()
    assert not daemon.said("STATUS=running")
    assert "policy drop" in daemon.get("/v1/rules")["source"]


def test_another_layout_is_refused(sluiced_bare):
    daemon = sluiced_bare("").start()
    daemon.stop()
    patch_arena(daemon.pin_dir / "arena", 8, 4711)
    assert daemon.spawn().wait() == 1
    log = daemon.log()
    assert "another version of Sluice" in log and "sluicectl detach --all" in log
    assert (daemon.pin_dir / "arena").exists()


def patch_arena(pin, offset, value):
    """Writes a word of struct sl_root, as a sluiced of another version would have."""
    script = """
import ctypes, sys
libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
fd = libbpf.bpf_obj_get(sys.argv[1].encode())
at = libc.mmap(ctypes.c_void_p(1 << 45), ctypes.c_size_t(1 << 32), 3, 0x100001, fd,
               ctypes.c_long(0))
assert at == 1 << 45, ctypes.get_errno()
ctypes.c_uint32.from_address(at + 0x1000 + int(sys.argv[2])).value = int(sys.argv[3])
"""
    subprocess.run(["/usr/bin/python3", "-c", script, str(pin), str(offset), str(value)],
                   check=True)


# --- the data path without a daemon ---

SENDER = """
import signal, socket, struct, sys
# A closed loop: at most `window` packets are on their way, so no queue runs over, and each packet
# that does not come back was lost. SIGTERM: no more of them.
count, window = int(sys.argv[1]), 32
def stop(*_):
    global count
    count = sent
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("10.2.0.2", 7007))
sock.settimeout(60)
sent = got = 0
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
try:
    while got < sent or sent < count:
        while sent < count and sent - got < window:
            sock.send(struct.pack("!Q", sent) + bytes(sent % 1400))
            sent += 1
        sock.recv(2048)
        got += 1
except socket.timeout:
    pass
print(sent, got)
"""

ECHO = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("10.2.0.2", 7007))
print("ready", flush=True)
while True:
    data, peer = sock.recvfrom(2048)
    sock.sendto(data, peer)
"""


def echo(server):
    process = server.python(ECHO)
    assert process.stdout.readline() == "ready\n"
    return process


def send(client, count):
    """Packets that nobody answers."""
    client.run("/usr/bin/python3", "-c", "import socket, sys\n"
               "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
               f"for i in range({count}): s.sendto(b'x', ('10.2.0.2', 7007))")


def test_kill_and_restart_under_traffic(sluiced, client, server):
    """No packet is lost and none goes uncounted, at either end, whatever happens to sluiced."""
    daemon = sluiced(CONFIG).start()
    answering = echo(server)
    traffic = client.python(SENDER, 10**9)
    assert traffic.stdout.readline() == "ready\n"
    seen = -1
    turns = 0
    while turns < 12 or seen < 2000:
        assert traffic.poll() is None, "packets were lost"
        now = daemon.rule("there")
        assert now >= seen
        seen = now
        if turns % 3 == 0:
            daemon.kill()
        elif turns % 3 == 1:
            daemon.stop()
        else:
            daemon.hup()
        if turns % 3 != 2:
            daemon.start()
        turns += 1
    traffic.send_signal(signal.SIGTERM)
    sent, got = map(int, traffic.stdout.read().split())
    answering.kill()
    assert sent == got and sent >= 2000
    for chain in ("ingress", "egress"):
        for name in ("there", "back"):
            assert daemon.rule(name, chain) == sent, (chain, name)


def test_rules_keep_counting_over_reloads(sluiced, client, server):
    daemon = sluiced(CONFIG).start()
    answering = echo(server)
    client.python(SENDER, 100).wait()
    daemon.configure(CONFIG.replace("\tthere:", "\tnew: udp dport 9 drop\n\tthere:", 1))
    daemon.post("/v1/reload")
    client.python(SENDER, 100).wait()
    answering.kill()
    assert daemon.rule("there") == daemon.rule("back") == 200
    assert daemon.rule("new") == 0


def test_drop_is_enforced_while_sluiced_is_away(sluiced, client, server):
    daemon = sluiced(CONFIG.replace("dport 7007 accept", "dport 7007 drop", 1)).start()
    daemon.kill()
    send(client, 25)
    daemon.start()
    assert daemon.rule("there") == 25
    assert daemon.verdicts("lan0", "xdp")["drop"] == 25


# --- nothing is left ---


def bpf_ids(kind, *args):
    done = subprocess.run(["bpftool", "-j", kind, "show", *map(str, args)], capture_output=True,
                          text=True)
    found = json.loads(done.stdout or "[]")
    return found if isinstance(found, list) else [found]


def ours(daemon):
    """Ids of the programs, maps and links that belong to the daemon's data path."""
    maps = {m["id"] for name in ("arena", "frags")
            for m in bpf_ids("map", "pinned", daemon.pin_dir / name)}
    programs = {p["id"]: p for p in bpf_ids("prog") if maps & set(p.get("map_ids", []))}
    for program in programs.values():
        maps |= set(program["map_ids"])
    links = {entry["id"] for entry in bpf_ids("link") if entry.get("prog_id") in programs}
    return set(programs), maps, links


def pins(bpffs):
    """What is in a bpffs but for what the kernel puts into each."""
    return [path for path in bpffs.rglob("*") if path.suffix != ".debug"]


def left(before):
    # One that goes while bpftool looks is an error in its list.
    return [{i for i in ids if i in {e.get("id") for e in bpf_ids(kind)}}
            for kind, ids in zip(("prog", "map", "link"), before)]


def test_detach_all_leaves_nothing(sluiced, appliance, client, server, bpffs):
    daemon = sluiced(CONFIG.replace("tc egress", "tc ingress, egress")).start()
    client.sh("ping -q -c 3 -i 0.1 10.2.0.2")
    before = ours(daemon)
    assert all(before) and len(before[0]) >= 6
    assert daemon.post("/v1/detach", {"all": True}) == {}
    wait_until(lambda: left(before) == [set(), set(), set()], "programs, maps and links to go")
    assert not pins(bpffs)
    assert json.loads(appliance.sh("tc -j qdisc show dev lan0"))[0]["kind"] == "noqueue"
    assert "clsact" not in appliance.sh("tc qdisc show")
    assert "xdp" not in appliance.sh("ip -d link show")
    assert json.loads(appliance.sh("bpftool -j net show"))[0] == {
        "xdp": [], "tc": [], "flow_dissector": [], "netfilter": []}
    client.sh("ping -q -c 1 10.2.0.2")

    status = daemon.get("/v1/status")
    assert (status["datapath"], status["ruleset"]) == ("empty", None)
    assert {i["state"] for i in status["interfaces"]} == {"detached"}
    assert daemon.get("/v1/rules") == {"generation": None, "source": None, "rules": []}
    assert daemon.get("/v1/stats")["interfaces"] == []


def test_nothing_attaches_by_itself_after_detach_all(sluiced, appliance, bpffs):
    daemon = sluiced(CONFIG + 'interface "late*" { xdp auto }').start()
    daemon.post("/v1/detach", {"all": True})
    appliance.sh("ip link add late0 type veth peer name peer0; ip link set lan0 mtu 1500")
    daemon.post("/v1/reload")
    daemon.hup()
    assert daemon.get("/v1/status")["datapath"] == "empty"
    assert not pins(bpffs)
    # All of it again is the same as once.
    assert daemon.post("/v1/detach", {"all": True}) == {}


def test_attach_after_detach_all_starts_anew(sluiced, client, bpffs):
    daemon = sluiced(CONFIG).start()
    send(client, 5)
    daemon.post("/v1/detach", {"all": True})
    # What cannot be attached does not leave a half-made data path behind either.
    assert daemon.request("POST", "/v1/attach", {"interface": "lo", "xdp": "native"})[0] == 422
    assert daemon.get("/v1/status")["datapath"] == "empty" and not pins(bpffs)
    daemon.post("/v1/attach", {"interface": "lan0"})
    assert daemon.interface("wan0")["state"] == "detached"
    assert daemon.rule("there") == 0
    send(client, 7)
    assert daemon.rule("there") == 7


def test_restart_after_detach_all_attaches_the_configured(sluiced):
    daemon = sluiced(CONFIG).start()
    daemon.post("/v1/detach", {"all": True})
    daemon.stop()
    daemon.start()
    assert [i["state"] for i in daemon.get("/v1/status")["interfaces"]] == ["attached"] * 2


# --- under the sanitizers ---


@pytest.mark.skipif(not (BUILD / "sluiced-asan").exists(), reason="needs build/sluiced-asan")
def test_session_under_sanitizers(sluiced, appliance, client):
    daemon = sluiced(CONFIG + 'interface "late*" { xdp auto; tc ingress }',
                     binary=str(BUILD / "sluiced-asan")).start()
    send(client, 3)
    for path in ("/v1/", "/v1/status", "/v1/stats", "/v1/rules", "/v1/none"):
        daemon.request("GET", path)
    for body in (b"{", b"[]", {"interface": "nope"}, {"interface": 3}, {"a": 1},
                 {"interface": "lo", "xdp": "native"}, {"interface": "lo", "tc": ["ingress"]},
                 {"interface": "wan0", "xdp": "generic"}):
        daemon.request("POST", "/v1/attach", body)
    for _ in range(2):
        appliance.sh("ip link add late0 type veth peer name peer0; ip link set late0 mtu 1400; "
                     "ip link set late0 name late1; ip link set lo down; ip link set lo up")
        daemon.wait_state("late1", "attached")
        appliance.sh("ip link set late1 name strange; ip link del strange")
        daemon.wait_state("strange", None)
    daemon.configure(CONFIG.replace("accept", "acept"))
    daemon.request("POST", "/v1/reload")
    daemon.hup()
    daemon.configure(CONFIG.replace("lan0", "lan9"))
    daemon.hup()
    daemon.post("/v1/detach", {"interface": "wan0"})
    for _ in range(40):
        with daemon.raw() as sock:
            sock.sendall(b"POST /v1/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    daemon.post("/v1/detach", {"all": True})
    daemon.post("/v1/attach", {"interface": "lan0"})
    daemon.post("/v1/detach", {"all": True})
    hanging = daemon.raw()
    hanging.sendall(b"POST /v1/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    daemon.get("/v1/status")
    assert daemon.stop() == 0, daemon.log()
    hanging.close()
    for word in ("AddressSanitizer", "LeakSanitizer", "runtime error"):
        assert word not in daemon.log()
