# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Countries in rules: what the database has, and what is said when it has not."""

import pytest

from ctl import FAILED, OK, sluicectl
from lab import wait_until
from mmdb import database

NETWORKS = {
    "10.1.0.0/24": "DE", "10.9.0.0/16": "FR", "192.0.2.0/25": "DE", "192.0.2.128/26": None,
    "2001:db8::/33": "DE", "fd00:1::/64": "FR",
}

CONFIG = """
geoip "{path}"
interface lan0 {{ xdp auto; }}
chain ingress {{
	policy accept
	countries: saddr country {{ {codes} }} udp dport 9 drop
	probe: udp dport 9 accept
}}
"""


@pytest.fixture
def mmdb(tmp_path):
    path = tmp_path / "country.mmdb"
    path.write_bytes(database(NETWORKS))
    return path


def check(tmp_path, path, codes):
    conf = tmp_path / "geo.conf"
    conf.write_text(CONFIG.format(path=path, codes=codes))
    return sluicectl("check", conf)


def test_check(tmp_path, mmdb):
    assert check(tmp_path, mmdb, "de, fr").status == OK


def test_what_goes_wrong(tmp_path, mmdb):
    done = check(tmp_path, mmdb, "de, us")
    assert done.status == FAILED
    assert "geo.conf:6:" in done.err
    assert f"the database '{mmdb}' has no networks of country 'us'" in done.err
    done = check(tmp_path, tmp_path / "none.mmdb", "de")
    assert "none.mmdb': No such file or directory" in done.err
    done = check(tmp_path, tmp_path, "de")
    assert f"the country database '{tmp_path}' is not a file" in done.err


@pytest.mark.parametrize("spoil", [
    lambda data: b"", lambda data: data[:100], lambda data: data[50:],
    lambda data: data.replace(b"MaxMind", b"MinMaxd"),
])
def test_spoilt(tmp_path, mmdb, spoil):
    mmdb.write_bytes(spoil(mmdb.read_bytes()))
    done = check(tmp_path, mmdb, "de")
    assert done.status == FAILED and "country database" in done.err


def test_circles(tmp_path, mmdb):
    """Records that refer to the root, and any other byte: an error or an answer, and soon."""
    good = mmdb.read_bytes()
    for at in range(0, 600, 3):
        mmdb.write_bytes(good[:at] + b"\0\0\0" + good[at + 3:])
        assert check(tmp_path, mmdb, "de").status in (OK, FAILED)


def test_packets(sluiced, mmdb, client):
    """10.1.0.2 is in Germany, until the database knows better."""
    daemon = sluiced(CONFIG.format(path=mmdb, codes="de")).start()

    def decided():
        names = ["countries", "probe"]
        before = {name: daemon.rule(name) for name in names}
        client.run("/usr/bin/python3", "-c", "import socket; socket.socket("
                   "socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.2.0.2', 9))")

        def risen():
            return [name for name in names if daemon.rule(name) > before[name]]
        return wait_until(risen, "a rule counts the packet")

    assert decided() == ["countries"]
    mmdb.write_bytes(database(dict(NETWORKS, **{"10.1.0.0/24": "FR"})))
    daemon.post("/v1/reload")
    assert decided() == ["probe"]
