# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""packaging/deps where it has nothing to install. Where it has: test_roots.py."""

import os
import subprocess
from pathlib import Path

import pytest

DEPS = Path(__file__).resolve().parents[2] / "packaging" / "deps"


def deps(*groups, **env):
    return subprocess.run([DEPS, *groups], capture_output=True, text=True, check=False,
                          env=os.environ | env)


@pytest.mark.parametrize("release, words", [
    ('ID=fedora\nVERSION_ID=43\nPRETTY_NAME="Fedora Linux 43"\n', "this is Fedora Linux 43;"),
    ('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian 11"\n', "this is Debian 11;"),
    ("", "this is no known distribution;"),
])
def test_another_distribution_is_told_what_is_needed(tmp_path, release, words):
    (tmp_path / "os-release").write_text(release)
    done = deps("build", OS_RELEASE=str(tmp_path / "os-release"), SLUICE_DEPS="")
    assert done.returncode == 1
    assert words in done.stderr
    assert "  libbpf-dev (version 1.4 or later)\n" in done.stderr
    assert "  libxdp-dev\n" in done.stderr
    assert "SLUICE_DEPS=skip" in done.stderr


def test_another_distribution_can_go_on_by_itself():
    done = deps("build", OS_RELEASE="/dev/null", SLUICE_DEPS="skip")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("groups", [(), ("build", "nonsense")])
def test_usage(groups):
    done = deps(*groups)
    assert done.returncode == 2
    assert "build" in done.stderr and "package" in done.stderr
