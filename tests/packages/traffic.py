#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Numbered datagrams, 1000 a second, until SIGTERM; then a line that says how many.

traffic.py send ADDRESS PORT    prints how many were sent
traffic.py receive PORT         prints how many came, and of how many different numbers
"""

import signal
import socket
import struct
import sys
import time


class Stop(Exception):
    pass


def stop(_signal, _frame):
    raise Stop


def send(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((address, int(port)))
    number = 0
    due = time.monotonic()
    try:
        while True:
            # The signal may come when the datagram is out and not counted yet.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            sock.send(struct.pack("!Q", number))
            number += 1
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            due += 0.001
            time.sleep(max(0, due - time.monotonic()))
    except Stop:
        print(number)


def receive(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("", int(port)))
    count, numbers = 0, set()
    print("ready", flush=True)
    try:
        while True:
            data = sock.recv(64)
            count += 1
            numbers.add(data)
    except Stop:
        print(count, len(numbers))


signal.signal(signal.SIGTERM, stop)
{"send": send, "receive": receive}[sys.argv[1]](*sys.argv[2:])
