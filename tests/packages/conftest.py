# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What sluiced said joins the report of a failure."""

import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    root = getattr(item, "funcargs", {}).get("installed")
    if report.failed and call.when == "call" and root:
        log = root.sh("journalctl -q --no-pager -n 60 -u sluiced", check=False)
        report.sections.append(("log of sluiced", log))
