# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Running sluicectl, for tests of what it says and how it ends."""

import json
import os
import subprocess

from lab import SLUICECTL

OK, FAILED, USAGE = 0, 1, 2


class Done:
    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        """Of output that is one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def sluicectl(*args, netns=None, text=True, env=None, **kwargs):
    command = [SLUICECTL, *map(str, args)]
    kwargs.setdefault("timeout", 120)
    if "stdin" not in kwargs and "input" not in kwargs:
        kwargs["stdin"] = subprocess.DEVNULL
    return Done(subprocess.run(netns.command(*command) if netns else command, text=text,
                               stdout=kwargs.pop("stdout", subprocess.PIPE),
                               stderr=kwargs.pop("stderr", subprocess.PIPE),
                               env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})),
                               check=False, **kwargs))


def ctl_of(daemon, netns):
    """sluicectl for that daemon, in its namespace."""
    def run(*args, env=None, **kwargs):
        return sluicectl("-s", daemon.socket, "-p", daemon.pin_dir, *args, netns=netns,
                         env={"LIBXDP_BPFFS": str(daemon.bpffs), **(env or {})}, **kwargs)
    return run


def complains(done, *words, status=FAILED):
    """It ended so, with one line on stderr that has these words, and said nothing else."""
    assert done.status == status, (done.out, done.err)
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("sluicectl: "), done.err
    for word in words:
        assert word in lines[0], done.err
    assert done.out == ""
