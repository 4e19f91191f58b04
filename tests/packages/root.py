# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""A clean Debian in a directory, and how to run commands or boot systemd in it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
MIRROR = os.environ.get("SLUICE_DEBIAN_MIRROR", "http://deb.debian.org/debian")
# Changes with time, or because apt, dpkg, ldconfig, systemd or useradd ran at all.
NOT_OURS = r"""
    /root /var/cache/ldconfig /var/cache/debconf /var/cache/apt /var/log /var/lib/apt
    /var/lib/dpkg/status /var/lib/dpkg/status-old /var/lib/dpkg/lock /var/lib/dpkg/lock-frontend
    /var/lib/dpkg/triggers /var/lib/dpkg/available /var/lib/systemd/timers /var/tmp
    /etc/group- /etc/gshadow- /etc/.pwd.lock
""".split()


def run(*command, check=True, timeout=600, **kwargs):
    """Output of both kinds as text; raises AssertionError with it."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, check=False, **kwargs)
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
    return done.stdout.strip()


def last_line(text):
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def base(suite):
    """The cached archive of a minimal root."""
    archive = Path(os.environ["SLUICE_ROOTS"]) / f"{suite}.tar"
    if archive.exists():
        return archive
    made = Path(os.environ["SLUICE_WORK"]) / f"{suite}-base"
    try:
        run("debootstrap", "--variant=minbase", suite, made, MIRROR)
        run("rm", "-rf", f"{made}/var/cache/apt/archives", f"{made}/var/lib/apt/lists")
        run("tar", "-C", made, "-cf", f"{archive}.new", ".")
    except (AssertionError, OSError, subprocess.TimeoutExpired) as why:
        pytest.skip(f"no root of {suite}: {last_line(str(why))}")
    finally:
        run("rm", "-rf", "--one-file-system", made)
    return Path(f"{archive}.new").rename(archive)


class Root:
    def __init__(self, suite, name):
        archive = base(suite)
        self.suite = suite
        self.path = Path(os.environ["SLUICE_WORK"]) / f"{suite}-{name}"
        self.cache = Path(os.environ["SLUICE_ROOTS"]) / suite
        self.systemd = self.booted = None
        self.path.mkdir()
        run("tar", "-C", self.path, "-xf", archive)
        for place in "var/cache/apt/archives", "var/lib/apt/lists":
            (self.path / place).mkdir(parents=True, exist_ok=True)
        for name in "resolv.conf", "hosts":
            self.write(f"etc/{name}", Path("/etc", name).read_text())

    def write(self, path, text):
        (self.path / path).write_text(text)

    def enter(self, *command):
        if self.systemd:
            return ["nsenter", "-t", self.systemd, "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w",
                    "env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                    "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8", *command]
        return [HERE / "enter", self.path, self.cache, *command]

    def run(self, *command, **kwargs):
        return run(*self.enter(*command), **kwargs)

    def sh(self, script, **kwargs):
        return self.run("bash", "-euc", script, **kwargs)

    def popen(self, *command):
        return subprocess.Popen([str(word) for word in self.enter(*command)], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def boot(self):
        """systemd, in a network namespace of its own; commands now run under it."""
        if not os.environ["SLUICE_CGROUP"]:
            pytest.skip("systemd needs a cgroup2 file system")
        # pylint: disable=consider-using-with
        self.booted = subprocess.Popen([HERE / "enter", "-n", self.path, self.cache,
                                        "/usr/lib/systemd/systemd", "--system",
                                        "--unit=multi-user.target"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        state = "not there"
        children = Path(f"/proc/{self.booted.pid}/task/{self.booted.pid}/children")
        while time.monotonic() < end and state not in ("running", "degraded"):
            time.sleep(0.1)
            self.systemd = self.systemd or children.read_text().strip()
            if self.systemd and Path(f"/proc/{self.systemd}/comm").read_text() == "systemd\n":
                state = self.run("systemctl", "is-system-running", check=False)
        if state not in ("running", "degraded"):
            pytest.skip(f"systemd of {self.suite} does not start here: {last_line(state)}")

    def close(self):
        """Ends what runs in it and frees its memory or disk."""
        if self.systemd:
            os.kill(int(self.systemd), signal.SIGKILL)
            self.booted.wait()
        run("rm", "-rf", "--one-file-system", self.path)

    def files(self):
        """A line for each file: name, kind, mode, owners, size, target, and in /etc its sum."""
        prune = " -o ".join(f"-path {path}" for path in NOT_OURS)
        listed = self.sh(rf"""
            find / -xdev \( {prune} \) -prune -o -type d -printf '%p %y %m %u %g\n' \
                -o -printf '%p %y %m %u %g %s %l\n' | sort
            find /etc -xdev \( {prune} \) -prune -o -type f -exec sha256sum {{}} + | sort""")
        return set(listed.splitlines())
