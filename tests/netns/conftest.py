# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Fixtures: each test has its own namespaces, bpffs, run directory and daemon.

    client     10.1.0.2, fd00:1::2 on c0         Netns objects of lab.py: .sh(), .run(), .popen()
    appliance  10.1.0.1, fd00:1::1 on lan0
               10.2.0.1, fd00:2::1 on wan0
    server     10.2.0.2, fd00:2::2 on s0
    sluiced    makes a daemon in the appliance: sluiced(config).start()
    ctl        sluicectl there, for the daemon of the test's own fixture `daemon`
    echo       the module's SERVER runs in the server's namespace, and is ready
    bare       a namespace with nothing in it; sluiced_bare makes a daemon there

MTU 9000, offloads as the kernel has them. The daemon's log is in the report of a failed test.
"""

import itertools
import os
import shutil

import pytest

from ctl import ctl_of
from lab import SLUICED, Lab, Netns, Sluiced, bpffs_for, run_dir_for

NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items):
    missing = None
    if os.geteuid():
        missing = "needs root"
    elif not shutil.which("nsenter") or not shutil.which("ip"):
        missing = "needs iproute2 and util-linux"
    elif not os.access(SLUICED, os.X_OK):
        missing = f"needs {SLUICED}: build it first"
    for item in items if missing else ():
        item.add_marker(pytest.mark.skip(reason=missing))


def brief(log):
    """Its end, without the many reads of a test that waits for something."""
    lines = [line for line in log.splitlines(True)
             if not (line.startswith("request: GET") and line.endswith(": 200\n"))]
    return f"({len(lines)} lines)\n" + "".join(lines[-30:])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for daemon in getattr(item, "sluice_daemons", ()):
            report.sections.append((f"log of sluiced ({daemon.log_path})", brief(daemon.log())))


@pytest.fixture
def tag():
    return f"sluice-{os.getpid()}-{next(NUMBERS)}"


@pytest.fixture
def run_dir(tag):
    with run_dir_for(tag) as path:
        yield path


@pytest.fixture
def bpffs(run_dir):
    with bpffs_for(run_dir) as path:
        yield path


@pytest.fixture
def lab(tag):
    built = Lab(tag)
    yield built
    built.close()


@pytest.fixture
def client(lab):
    return lab.client


@pytest.fixture
def appliance(lab):
    return lab.appliance


@pytest.fixture
def server(lab):
    return lab.server


@pytest.fixture
def bare(tag):
    netns = Netns(f"{tag}-bare")
    yield netns
    netns.close()


def factory(request, netns, run_dir, bpffs):
    request.node.sluice_daemons = daemons = []  # for the report

    def make(config="", **kwargs):
        number = len(daemons)
        own = kwargs.pop("run_dir", run_dir / f"d{number}")
        own.mkdir(exist_ok=True)
        daemon = Sluiced(netns, own, kwargs.pop("bpffs", bpffs), config, **kwargs)
        daemons.append(daemon)
        return daemon

    yield make
    for daemon in daemons:
        daemon.close()


@pytest.fixture
def sluiced(request, appliance, run_dir, bpffs):
    yield from factory(request, appliance, run_dir, bpffs)


@pytest.fixture
def sluiced_bare(request, bare, run_dir, bpffs):
    yield from factory(request, bare, run_dir, bpffs)


@pytest.fixture
def ctl(daemon, appliance):
    return ctl_of(daemon, appliance)


@pytest.fixture
def echo(request, server):
    process = server.python(request.module.SERVER)
    assert process.stdout.readline() == "ready\n"
    yield
    process.kill()
    process.wait()
