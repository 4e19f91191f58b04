# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""The README's commands, and a package from building to purging, in clean roots of Debian.

The tests of a release build on each other and run in this order.
"""

import json
import os
import re
import time

import pytest

from lab import KernelObjects, Lab, Traffic, packets
from root import TOP, Root, last_line, run

pytestmark = pytest.mark.skipif("SLUICE_WORK" not in os.environ,
                                reason="needs root, and tests/packages/run to start it")

OLD, NEW = "0.98.0", "0.99.0"
# As a user has it who does not build: packaging/deps would add the same.
BACKPORTS = "deb http://deb.debian.org/debian bookworm-backports main\n"


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def suite(request):
    return request.param


@pytest.fixture(scope="module")
def build(suite):
    """A root with the tree in /root/sluice, and nothing else but make."""
    root = Root(suite, "build")
    run(TOP / "packaging" / "copy-tree", root.path / "root" / "sluice")
    try:
        root.sh("apt-get -q update; apt-get -q -y install --no-install-recommends make")
    except AssertionError as why:
        pytest.skip(f"apt-get in a root of {suite}: {last_line(str(why))}")
    yield root
    # Here, where all sources are known: what none of them has any more goes from the cache.
    root.run("apt-get", "-q", "autoclean", check=False)
    root.close()


@pytest.fixture(scope="module")
def debs(build):
    """Paths of two versions, made once the tests before have shown that the tree builds."""
    paths = []
    for version in OLD, NEW:
        build.sh(f"cd /root/sluice; make deb VERSION={version}; mv build/deb/*{version}* /root")
        found = sorted(build.path.glob(f"root/sluice_{version}_*.deb"))
        assert len(found) == 1, found
        paths += found
    return paths


@pytest.fixture(scope="module")
def installed(suite, debs):
    """A booted root with what the package depends on, but without it; in /root both versions."""
    root = Root(suite, "install")
    if suite == "bookworm":
        root.write("etc/apt/sources.list.d/backports.list", BACKPORTS)
    for deb in debs:
        run("cp", deb, root.path / "root")
    root.sh(f"""
        apt-get -q update
        apt-get -q -y install --no-install-recommends systemd
        depends=$(apt-get -s {release(root)} install /root/{debs[0].name} |
            sed -n 's/^Inst \\([^ ]*\\).*/\\1/p' | grep -vx sluice)
        apt-get -q -y {release(root)} install $depends""")
    root.boot()
    yield root
    root.close()


def release(root):
    return "--no-install-recommends" + (" -t bookworm-backports" * (root.suite == "bookworm"))


@pytest.fixture(scope="module")
def lab(installed):
    made = Lab(installed)
    yield made
    made.close()


# --- in the root that builds ---

def test_demo_is_one_command(build):
    out = build.sh("cd /root/sluice; DEMO_SECONDS=4 make demo 2>&1")
    assert "warning:" not in out, out
    assert out.splitlines()[-1].startswith("== removed"), out


def test_test_is_one_command(build):
    out = build.sh("cd /root/sluice; make test T=rules 2>&1")
    assert "warning:" not in out, out
    assert re.fullmatch(r"[1-9]\d* passed, 0 failed, \d+ skipped", out.splitlines()[-1]), out


def test_deps_says_nothing_when_all_is_there(build):
    build.sh("/root/sluice/packaging/deps build demo test vm package")
    began = time.monotonic()
    assert build.sh("/root/sluice/packaging/deps build demo test vm package") == ""
    assert time.monotonic() - began < 2


def test_install_and_uninstall_leave_nothing(build):
    out = build.sh("""cd /root/sluice; make -s install DESTDIR=/root/dest PREFIX=/opt/sluice
        /root/dest/opt/sluice/sbin/sluiced --version
        grep ^Exec /root/dest/opt/sluice/lib/systemd/system/sluiced.service
        make -s uninstall DESTDIR=/root/dest PREFIX=/opt/sluice
        find /root/dest -type f""")
    assert "ExecStart=/opt/sluice/sbin/sluiced" in out
    assert "ExecReload=/opt/sluice/bin/sluicectl reload" in out
    assert out.endswith("\n/root/dest/etc/sluice/sluice.conf"), out


def test_debs_are_lintian_clean(build, debs):
    assert debs
    out = build.sh(f"lintian --allow-root --fail-on error,warning /root/sluice_{NEW}_*.changes")
    assert not re.search("^[EW]: ", out, re.M), out


# --- in the root that installs ---

@pytest.fixture(scope="module")
def before(installed):
    return installed.files()


def apt(root, *command):
    return root.run("apt-get", "-q", "-y", *command)


def stats(root):
    """None while no sluiced answers."""
    text = root.run("sluicectl", "stats", "--json", check=False)
    return json.loads(text) if text.startswith("{") else None


def main_pid(root):
    state = root.sh("systemctl show -P ActiveState sluiced; systemctl show -P MainPID sluiced")
    active, pid = state.split()
    assert active == "active", root.sh("systemctl status --no-pager -l sluiced || true")
    return pid


def test_install_starts_the_service(installed, before, debs):
    assert before
    apt(installed, "install", f"/root/{debs[0].name}")
    main_pid(installed)
    assert installed.run("systemctl", "is-enabled", "sluiced") == "enabled"
    assert OLD in installed.run("sluiced", "--version")
    assert installed.sh("getent group sluice")
    assert installed.sh("systemd-analyze verify sluiced.service 2>&1 | grep -v 'man sluice'"
                        " | grep sluice || true") == ""
    # It only observes, and nothing that the configuration does not name.
    assert installed.run("sluicectl", "check")


def test_unit_restarts_a_killed_sluiced(installed, debs):
    assert debs
    first = main_pid(installed)
    installed.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "sluiced")
    for _ in range(100):
        time.sleep(0.1)
        state = installed.run("systemctl", "show", "-P", "MainPID", "sluiced")
        if state not in ("0", first) and stats(installed):
            break
    assert main_pid(installed) != first
    installed.run("systemctl", "reload", "sluiced")


def test_upgrade_loses_nothing(installed, lab, debs):
    lab.ping()
    installed.run("sluicectl", "attach", "in0")
    first = main_pid(installed)
    last = packets(stats(installed), "in0", "xdp")
    begin = last
    with Traffic() as traffic:
        upgrade = installed.popen("apt-get", "-q", "-y", "install", f"/root/{debs[1].name}")
        samples = 0
        while upgrade.poll() is None or samples < 20:
            now = stats(installed)
            if now:
                count = packets(now, "in0", "xdp")
                assert count >= last, "counters went back"
                last = count
                samples += 1
            time.sleep(0.02)
        assert upgrade.returncode == 0, upgrade.stdout.read()
        assert main_pid(installed) != first
        assert NEW in installed.run("sluiced", "--version")
    assert traffic.sent > 500
    assert (traffic.received, traffic.different) == (traffic.sent, traffic.sent)
    # A few more than ours: neighbours are looked up now and then.
    counted = packets(stats(installed), "in0", "xdp") - begin
    assert traffic.sent <= counted <= traffic.sent + 50
    print(f"{traffic.sent} sent, {traffic.received} received, {counted} counted")


def test_remove_and_purge_leave_nothing(installed, lab, before):
    # sluiced as the root sees it is another process for us.
    pids = run("pgrep", "-x", "sluiced").split()
    objects = KernelObjects(pids)
    objects.add_xdp(lab, "in0")
    assert len(objects.left()) > 2
    apt(installed, "remove", "sluice")
    assert not installed.sh("ls -d /sys/fs/bpf/sluice* 2>/dev/null || true")
    assert "xdp" not in lab.appliance("ip", "link", "show", "in0")
    assert "clsact" not in lab.appliance("tc", "qdisc", "show", "dev", "in0")
    wait_until_gone(objects)
    lab.ping()
    assert installed.sh("ls /etc/sluice") == "sluice.conf"
    apt(installed, "purge", "sluice")
    after = installed.files()
    assert (after - before, before - after) == (set(), set())
    assert not installed.sh("getent group sluice; ls -d /run/sluice 2>/dev/null || true",
                            check=False)


def wait_until_gone(objects):
    """The kernel frees them when a grace period is over."""
    for _ in range(50):
        if not objects.left():
            return
        time.sleep(0.1)
    raise AssertionError(f"left: {objects.left()}")
