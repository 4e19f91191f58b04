# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Writes a country database in MaxMind's format, as small as what it holds."""

import ipaddress

UTF8, MAP, UINT16, UINT32, UINT64, ARRAY = 2, 7, 5, 6, 9, 11


def field(kind, size, payload=b""):
    if kind < 8:
        return bytes([kind << 5 | size]) + payload
    return bytes([size, kind - 7]) + payload


def text(word):
    return field(UTF8, len(word), word.encode())


def number(kind, value):
    payload = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return field(kind, len(payload), payload)


def mapping(pairs):
    return field(MAP, len(pairs), b"".join(text(key) + value for key, value in pairs.items()))


def bits_of(network):
    """IPv4 is in the first 96 zero bits."""
    net = ipaddress.ip_network(network)
    width = 128 if net.version == 6 else 32
    value = int(net.network_address) >> (width - net.prefixlen)
    bits = [value >> i & 1 for i in reversed(range(net.prefixlen))]
    return bits if net.version == 6 else [0] * 96 + bits


def database(networks):
    """networks: {network: code}; a code of None is a record without a country."""
    nodes, data, places = [[None, None]], b"", {}
    for code in dict.fromkeys(networks.values()):
        places[code] = len(data)
        data += mapping({"country": mapping({"iso_code": text(code)})} if code else
                        {"traits": mapping({})})
    for network, code in networks.items():
        at, bits = 0, bits_of(network)
        for bit in bits[:-1]:
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][bits[-1]] = (code,)

    def record(value):
        if value is None:
            return len(nodes)
        if isinstance(value, tuple):
            return len(nodes) + 16 + places[value[0]]
        return value

    tree = b"".join(record(value).to_bytes(3, "big") for node in nodes for value in node)
    meta = mapping({
        "node_count": number(UINT32, len(nodes)), "record_size": number(UINT16, 24),
        "ip_version": number(UINT16, 6), "database_type": text("Test-Country"),
        "languages": field(ARRAY, 0), "binary_format_major_version": number(UINT16, 2),
        "binary_format_minor_version": number(UINT16, 0),
        "build_epoch": number(UINT64, 1700000000), "description": mapping({}),
    })
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + meta
