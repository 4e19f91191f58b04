# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""sluicectl without a daemon: usage, check, probe, and a socket that is not there."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from ctl import FAILED, OK, USAGE, complains, sluicectl
from lab import SLUICECTL, TOP, wait_until
from mmdb import database

BAD = TOP / "tests/data/bad"
GOOD = TOP / "tests/data/good"
VERBS = [command["name"] for command in sluicectl("commands", "--json").json()["commands"]]
ONLINE = {"attach": ["attach", "lo"], "detach": ["detach", "lo"], "status": ["status"],
          "stats": ["stats"], "watch": ["stats", "--watch"], "rules": ["rules"],
          "reload": ["reload"]}

# --- usage ---

MISUSES = [
    ("", "usage:"),
    ("nonsense", "unknown command 'nonsense'"),
    ("--nonsense", "unknown option '--nonsense'"),
    ("-x", "unknown option '-x'"),
    ("-s", "option '-s' needs PATH"),
    ("--socket", "option '--socket' needs PATH"),
    ("--json=1 status", "option '--json' takes no argument"),
    ("attach", "attach needs IFACE"),
    ("attach lo eth0", "'eth0' is one argument too many"),
    ("attach ''", "no interface can be called ''"),
    ("attach a/b", "no interface can be called 'a/b'"),
    ("attach sixteen-letters-x", "no interface can be called"),
    ("attach lo --xdp", "option '--xdp' needs MODE"),
    ("attach lo --xdp fast", "--xdp cannot be 'fast': it is one of auto native generic off"),
    ("attach lo --xdp auto,native", "--xdp cannot be"),
    ("attach lo --xdp ''", "--xdp cannot be ''"),
    ("attach lo --priority x", "--priority cannot be 'x'"),
    ("attach lo --priority -1", "--priority cannot be '-1'"),
    ("attach lo --priority 1e3", "--priority cannot be '1e3'"),
    ("attach lo --priority 4294967296", "--priority cannot be"),
    ("attach lo --tc sideways", "--tc cannot be 'sideways'"),
    ("attach lo --tc ingress,", "--tc cannot be"),
    ("attach lo --tc ''", "--tc cannot be ''"),
    ("attach lo --all", "unknown option '--all'"),
    ("detach", "either an interface or --all"),
    ("detach lo --all", "either an interface or --all"),
    ("detach lo eth0", "too many"),
    ("status lo", "'lo' is one argument too many"),
    ("stats lo", "too many"),
    ("stats --watch x", "--watch cannot be 'x'"),
    ("stats --watch 0", "--watch cannot be '0'"),
    ("stats --watch=nan", "--watch cannot be 'nan'"),
    ("stats --watch 1 2", "too many"),
    ("rules x", "too many"),
    ("sets x", "too many"),
    ("set", "set needs add|del|list|flush|test SET"),
    ("set add", "set needs add|del|list|flush|test SET"),
    ("set frob x y", "set cannot 'frob'"),
    ("set add x y --timeout soon", "--timeout cannot be 'soon'"),
    ("events x", "too many"),
    ("check a b", "too many"),
    ("check --xdp auto", "unknown option '--xdp'"),
    ("reload x", "too many"),
    ("reload --confirm", "option '--confirm' needs TIME"),
    ("confirm x", "too many"),
    ("show a b", "too many"),
    ("lint a b", "too many"),
    ("diff a", "diff needs OLD NEW"),
    ("diff a b c", "too many"),
    ("diff - -", "standard input is one of the two"),
    ("flows a b", "'a' is not addr, port"),
    ("flows port", "'port' is not followed by a value"),
    ("flows kill", "wants to know which"),
    ("flows kill all port 3", "'all' is not addr, port"),
    ("explain", "either a packet in words or -r PCAP"),
    ("probe a b", "too many"),
    ("probe --try", "--try needs an interface"),
    ("replay", "replay needs -c FILE"),
    ("replay -c x", "replay needs -r PCAP"),
    ("replay -c x -r y --hook eth0", "--hook cannot be 'eth0'"),
    ("replay -c x -r y z", "too many"),
    ("commands x", "too many"),
    ("help nonsense", "unknown command 'nonsense'"),
]


@pytest.mark.parametrize("line,words", MISUSES, ids=[row[0] or "nothing" for row in MISUSES])
def test_misuse(line, words):
    done = sluicectl(*["" if word == "''" else word for word in line.split()])
    assert done.status == USAGE
    assert words in done.err
    assert done.out == ""
    assert not line or len(done.err.splitlines()) == 1


def test_every_verb_has_a_misuse():
    assert set(VERBS) <= {row[0].split()[0] for row in MISUSES if row[0]}


@pytest.mark.parametrize("verb", VERBS)
def test_help(verb):
    for line in ([verb, "--help"], ["-h", verb], ["help", verb]):
        done = sluicectl(*line)
        assert (done.status, done.err) == (OK, "")
        assert done.out.startswith(f"usage: sluicectl {verb}")
        assert max(map(len, done.out.splitlines())) <= 100


def test_help_on_all():
    done = sluicectl("--help")
    assert done.status == OK
    for verb in VERBS:
        assert f"\n  {verb} " in done.out
    assert sluicectl("help").out == done.out


def test_version():
    done = sluicectl("-V")
    assert done.status == OK and done.out.startswith("sluicectl ")
    assert sluicectl("status", "--version").out == done.out


def test_commands_for_scripts():
    lines = sluicectl("commands").out.splitlines()
    assert [line.split()[0] for line in lines] == VERBS
    assert "attach --socket --pin-dir --json --help --version --xdp --priority --tc --force" in lines


# --- a socket that is not there, or not sluiced's ---

@pytest.mark.parametrize("verb", ONLINE)
def test_no_socket(tmp_path, verb):
    path = tmp_path / "none.sock"
    complains(sluicectl("-s", path, *ONLINE[verb]),
              f"cannot reach sluiced at '{path}': No such file or directory (is it running?")


def test_nobody_listens(tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "old.sock"))
    complains(sluicectl("status", "-s", tmp_path / "old.sock"), "Connection refused (is it running?")


def test_socket_not_for_this_user(run_dir):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(run_dir / "x.sock"))
        sock.listen()
        (run_dir / "x.sock").chmod(0o600)
        done = sluicectl("status", "-s", run_dir / "x.sock", user=65534)
    complains(done, "Permission denied", "root may, and who is in the group")


def test_long_socket_path(tmp_path):
    complains(sluicectl("status", "-s", "/" + "x" * 200), "at most 107 characters")


def test_socket_is_a_file(tmp_path):
    (tmp_path / "x").touch()
    complains(sluicectl("status", "-s", tmp_path / "x"), "cannot reach sluiced")


# --- detach --all alone ---

def test_detach_all_of_nothing(tmp_path):
    done = sluicectl("detach", "--all", "-s", tmp_path / "no", "-p", tmp_path / "none")
    assert (done.status, done.err) == (OK, "")
    assert "nothing to remove" in done.out
    done = sluicectl("detach", "--all", "--json", "-s", tmp_path / "no", "-p", tmp_path / "none")
    assert done.json() == {}


def test_detach_one_needs_the_daemon(tmp_path):
    complains(sluicectl("detach", "lo", "-s", tmp_path / "no"), "cannot reach sluiced")


# --- check ---

@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The good configurations, with a country database where they want one."""
    copy = tmp_path_factory.mktemp("good") / "good"
    shutil.copytree(GOOD, copy)
    mmdb = copy / "country.mmdb"
    mmdb.write_bytes(database({f"10.{n}.0.0/16": code
                               for n, code in enumerate(("ID", "IN", "TH", "DE", "CN", "RU"))}))
    for path in copy.glob("*.conf"):
        path.write_text(path.read_text().replace("/usr/share/GeoIP/country.mmdb", str(mmdb)))
    return copy


@pytest.mark.parametrize("name", sorted(path.name for path in GOOD.glob("*.conf")))
def test_check_good(good, name):
    done = sluicectl("check", good / name)
    assert done.status == OK, done.err
    assert f"{name}: good: " in done.out
    for entry in sluicectl("check", "--json", good / name).json():
        assert entry["severity"] == "warning"


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.glob("*.conf")))
def test_check_bad(name):
    done = sluicectl("check", name, cwd=BAD)
    assert (done.status, done.out) == (FAILED, "")
    assert ": error: " in done.err
    # The same, for programs.
    done = sluicectl("check", "--json", name, cwd=BAD)
    assert (done.status, done.err) == (FAILED, "")
    entries = done.json()
    assert any(entry["severity"] == "error" for entry in entries)
    for entry in entries:
        assert list(entry) == ["file", "line", "column", "severity", "message"]
        assert entry["message"] and (entry["file"] is None or entry["line"] >= 1)


def test_check_places(tmp_path):
    (tmp_path / "a.conf").write_text("chain ingress {\n\tpolicy accept\n\ttcp dport 99999 dorp\n}\n")
    done = sluicectl("check", "a.conf", cwd=tmp_path)
    assert done.err.startswith("a.conf:3:18: error: ")
    assert "\n\ttcp dport 99999 dorp\n\t                ^~~~\n" in done.err
    entry = sluicectl("check", "a.conf", "--json", cwd=tmp_path).json()[0]
    assert (entry["file"], entry["line"], entry["column"]) == ("a.conf", 3, 18)


def test_check_counts(tmp_path):
    (tmp_path / "a.conf").write_text(
        'interface eth0 { xdp auto; }\nchain ingress { policy drop\n a: tcp dport 22 accept\n}\n')
    done = sluicectl("check", tmp_path / "a.conf")
    assert done.out == f"{tmp_path}/a.conf: good: 1 rule, 1 interface clause\n"
    assert sluicectl("check", "--json", tmp_path / "a.conf").json() == []


def test_check_standard_input():
    done = sluicectl("check", "-", input="chain ingress { policy drop }\n")
    assert (done.status, done.out) == (OK, "<stdin>: good: 0 rules, 0 interface clauses\n")
    done = sluicectl("check", "-", input="chain ingress { dorp }\n")
    assert done.status == FAILED and done.err.startswith("<stdin>:1:17: error: ")


def test_check_missing(tmp_path):
    done = sluicectl("check", tmp_path / "none.conf")
    assert done.status == FAILED and "No such file" in done.err and "none.conf" in done.err
    entry, = sluicectl("check", "--json", tmp_path / "none.conf").json()
    assert entry["file"] is None and "No such file" in entry["message"]


def test_check_odd_input(tmp_path):
    for text in (b"\0", b"\xff\xfe", b"chain ingress {\0}", b"{" * 100000):
        assert sluicectl("check", "-", input=text, text=False).status == FAILED
    assert sluicectl("check", tmp_path).status == FAILED


def test_check_as_nobody(run_dir):
    path = run_dir / "a.conf"
    path.write_text("chain ingress { policy drop }\n")
    path.chmod(0o644)
    assert sluicectl("check", path, user=65534).status == OK


# --- output ---

def test_reader_goes_away(tmp_path):
    for line in ("commands --json", "help"):
        done = subprocess.run(["bash", "-c", f"'{SLUICECTL}' {line} | true; echo ${{PIPESTATUS[0]}}"],
                              capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("0\n", "")


def test_output_is_full():
    with open("/dev/full", "w") as full:
        done = sluicectl("commands", "--json", stdout=full)
    assert done.status == FAILED
    assert done.err == "sluicectl: cannot write the output: No space left on device\n"


def test_output_is_closed():
    done = subprocess.run(["bash", "-c", f"'{SLUICECTL}' help >&-"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == FAILED and "cannot write the output" in done.stderr


# --- probe ---

@pytest.fixture(scope="module")
def probed():
    return sluicectl("probe", "--json")


CAPABILITY = ["name", "need", "available", "xdp", "tc", "used_for", "without"]
# What the kernels that Sluice supports all have.
ALWAYS = {"kernel BTF", "JIT", "arena of 4 GiB", "arena access", "may_goto", "bpf_dynptr_from_xdp",
          "bpf_dynptr_from_skb", "bpf_dynptr_slice", "bpf_dynptr_size", "bpf_cast_to_kern_ctx",
          "bpf_rdonly_cast",
          "Sluice's programs", "XDP fragments", "XDP metadata", "generic XDP", "TCX", "clsact",
          "test run", "bpf_dynptr_clone", "bpf_dynptr_adjust", "bpf_dynptr_read",
          "bpf_dynptr_slice_rdwr", "bpf_dynptr_write", "bpf_dynptr_is_null",
          "bpf_dynptr_is_rdonly", "ring buffer dynptr"}


def test_probe(probed):
    assert (probed.status, probed.err) == (OK, "")
    found = probed.json()
    assert list(found) == ["kernel", "machine", "able", "missing", "will_use", "will_do_without",
                           "capabilities", "interface"]
    assert found["kernel"] == os.uname().release
    assert (found["able"], found["missing"], found["interface"]) == (True, [], None)
    for capability in found["capabilities"]:
        assert list(capability) == CAPABILITY
        sides = [side for side in (capability["xdp"], capability["tc"]) if side]
        assert sides and capability["available"] == all(side["available"] for side in sides)
        for side in sides:
            assert side["available"] == (side["error"] is None), capability
    named = {capability["name"]: capability["available"] for capability in found["capabilities"]}
    assert {name: named[name] for name in ALWAYS} == dict.fromkeys(ALWAYS, True)
    needed = {c["name"] for c in found["capabilities"] if c["need"] != "spare"}
    assert {*found["will_use"], *found["will_do_without"]} == needed


def test_probe_knows_kfuncs_by_the_kernel(probed):
    """What is only in newer kernels: found where the kernel's own symbols have it."""
    symbols = Path("/proc/kallsyms").read_text()
    for capability in probed.json()["capabilities"]:
        if capability["name"].startswith("bpf_dynptr_") and capability["xdp"]:
            there = f" {capability['name']}\n" in symbols
            if not there:
                assert capability["xdp"]["error"] == "not in this kernel", capability
            # Helpers, and not kfuncs, have other symbols.
            elif capability["name"] not in ("bpf_dynptr_read", "bpf_dynptr_write"):
                assert capability["xdp"]["available"], capability


def test_probe_knows_what_the_programs_call(probed):
    needed = {c["name"] for c in probed.json()["capabilities"] if c["need"] != "spare"}
    for program in ("xdp/sluice_xdp.bpf.o", "tc/sluice_tc.bpf.o"):
        symbols = subprocess.run(["readelf", "-sW", TOP / "build" / program], check=True,
                                 capture_output=True, text=True).stdout
        called = re.findall(r" UND (bpf_\w+)$", symbols, re.M)
        assert len(called) > 3 and set(called) <= needed, program


def test_probe_keys_are_documented(probed):
    page = (TOP / "docs/man/sluicectl.8").read_text()
    found = probed.json()
    for key in [*found, *found["capabilities"][0], "driver", "features", "xdp_attached", "try"]:
        assert f".Va {key}" in page or f", Va {key}" in page or f".It Va {key}" in page, key


def test_probe_text(probed):
    done = sluicectl("probe", env={"COLUMNS": "100"})
    assert done.status == OK
    for capability in probed.json()["capabilities"]:
        assert any(line.startswith(capability["name"] + " ") for line in done.out.splitlines())
    assert "\nSluice will use: kernel BTF, JIT, " in done.out
    assert "\nIt will do without: " in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_probe_leaves_nothing():
    """Others may load programs meanwhile, but none of these names."""
    def left():
        found = [one.get("name", "") for what in ("prog", "map")
                 for one in json.loads(subprocess.run(["bpftool", "-j", what, "show"], check=True,
                                                      capture_output=True).stdout)]
        return [name for name in found if name.startswith(("x_", "t_", "probe"))]
    sluicectl("probe")
    # The kernel frees them a moment later.
    wait_until(lambda: not left(), "the programs to go")


def test_probe_interface(bare):
    bare.sh("ip link add veth0 mtu 9000 type veth peer name veth1; ip link set veth0 up")
    nic = sluicectl("probe", "veth0", "--json", netns=bare).json()["interface"]
    assert list(nic) == ["name", "ifindex", "driver", "mtu", "rx_queues", "tx_queues", "features",
                         "xdp_attached", "try"]
    assert (nic["name"], nic["driver"], nic["mtu"]) == ("veth0", "veth", 9000)
    assert nic["ifindex"] == bare.ifindex("veth0")
    assert nic["rx_queues"] >= 1 and {"basic", "rx-sg"} <= set(nic["features"])
    assert nic["try"] == {"native": None, "generic": None}
    assert "xdp" not in bare.sh("ip link show veth0")


def test_probe_try(bare):
    bare.sh("ip link add veth0 mtu 9000 type veth peer name veth1; ip link set veth0 up")
    nic = sluicectl("probe", "veth0", "--try", "--json", netns=bare).json()["interface"]
    assert nic["try"] == {mode: {"available": True, "error": None} for mode in ("native", "generic")}
    assert "xdp" not in bare.sh("ip link show veth0")
    nic = sluicectl("probe", "lo", "--try", "--json", netns=bare).json()["interface"]
    assert nic["try"]["generic"]["available"] and not nic["try"]["native"]["available"]


def test_probe_try_beside_another(bare, tmp_path):
    source = 'char LICENSE[] __attribute__((section("license"))) = "GPL";' \
             '__attribute__((section("xdp"))) int other(void *ctx) { return 2; }'
    subprocess.run(["clang-19", "-O2", "-g", "-target", "bpf", "-x", "c", "-", "-c", "-o",
                    tmp_path / "o"], input=source, text=True, check=True)
    bare.sh("ip link add v0 type veth peer name v1;"
            f"ip link set v0 up xdpgeneric obj {tmp_path}/o sec xdp")
    done = sluicectl("probe", "v0", "--try", netns=bare)
    assert done.status == FAILED
    assert "has the XDP program 'other' attached: nothing was tried" in done.err
    nic = sluicectl("probe", "v0", "--json", netns=bare).json()["interface"]
    assert (nic["xdp_attached"]["name"], nic["xdp_attached"]["mode"]) == ("other", "generic")
    assert "xdpgeneric" in bare.sh("ip link show v0")


def test_probe_no_such_interface():
    complains(sluicectl("probe", "none0"), "there is no interface 'none0'")


def test_probe_not_root():
    complains(sluicectl("probe", user=65534), "run it as root")
