# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Servers and clients that others have written, with ports, keys and directories of a test's own."""

import os
import shutil
import struct
import subprocess
from contextlib import ExitStack, contextmanager

from lab import PATIENCE, wait_until

NGINX = """
daemon off; master_process off; error_log stderr; pid {dir}/nginx.pid;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
	server {{
		listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl;
		ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
		ssl_protocols TLSv1.2 TLSv1.3;
		root {dir}/www;
		error_page 405 =200 /index.html;
	}}
}}
"""

SSHD = """
HostKey {dir}/host
UsePAM no
PidFile none
"""

DNSMASQ = ("--keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= "
           "--log-facility=- --address=/example.com/192.0.2.80 --address=/example.com/2001:db8::80 "
           "--txt-record=txt.example.com,hello --mx-host=example.com,mail.example.com,10 "
           "--local=/example.org/").split()


def keys_in(directory):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", directory / "key.pem", "-out",
                    directory / "cert.pem", "-subj", "/CN=www.example.com", "-days", "2"],
                   check=True, capture_output=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "host"],
                   check=True)


@contextmanager
def running(netns, log, *command):
    with open(log, "wb") as out, netns.popen(*command, stdin=subprocess.DEVNULL, stdout=out,
                                             stderr=out) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)


def listens(netns, port):
    """Whether somebody waits there, over IPv4 and IPv6, TCP or UDP."""
    return len(netns.sh(f"ss -HlntuO 'sport = :{port}'").splitlines()) >= 2


@contextmanager
def servers(netns, directory):
    """nginx at 80 and 443, sshd at 22, dnsmasq at 53; a page of 200,000 bytes is /large."""
    www = directory / "www"
    www.mkdir()
    (www / "index.html").write_text("yes\n")
    (www / "large").write_bytes(bytes(range(250)) * 800)
    www.chmod(0o755)
    keys_in(directory)
    (directory / "nginx.conf").write_text(NGINX.format(dir=directory))
    (directory / "sshd.conf").write_text(SSHD.format(dir=directory))
    with ExitStack() as stack:
        started = {
            "nginx": ["nginx", "-p", directory, "-c", directory / "nginx.conf", "-e", "stderr"],
            # It wants a directory in /run, which is one of its own here.
            "sshd": ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /run && mkdir /run/sshd && "
                     f"exec /usr/sbin/sshd -D -e -f {directory}/sshd.conf"],
            "dnsmasq": ["dnsmasq", *DNSMASQ],
        }
        processes = {name: stack.enter_context(running(netns, directory / f"{name}.log", *command))
                     for name, command in started.items()}

        def ready():
            for name, process in processes.items():
                assert process.poll() is None, (directory / f"{name}.log").read_text()
            return all(listens(netns, port) for port in (22, 53, 80, 443))

        wait_until(ready, "the servers")
        yield


# --- clients ---

SSH = ("ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
       "-o LogLevel=QUIET")

# One line a program; those that the server turns away in the end have said what they are by then.
CLIENTS = """
dig +tries=1 +timeout=60 @10.2.0.2 WWW.Example.com A txt.example.com TXT example.com MX \
    nothing.example.org AAAA +noedns a.b.c.example.com HTTPS >/dev/null
dig +tries=1 +timeout=60 @fd00:2::2 www.example.com AAAA +tcp txt.example.com TXT >/dev/null
dig +tries=1 +timeout=60 @10.2.0.2 +tcp -x 192.0.2.80 >/dev/null
curl -s -o /dev/null -A 'one/1.0 (of many)' --resolve www.example.com:80:10.2.0.2 \
    'http://www.example.com/index.html?a=b&c=%20d'
curl -s -o /dev/null -I --resolve 'Sub.Example.ORG:80:[fd00:2::2]' http://Sub.Example.ORG/
curl -s -o /dev/null -d name=value --resolve www.example.com:80:10.2.0.2 http://www.example.com/form
curl -s -o /dev/null http://10.2.0.2/large
curl -sk -o /dev/null --tlsv1.3 --resolve www.example.com:443:10.2.0.2 https://www.example.com/large
curl -sk -o /dev/null --tlsv1.2 --tls-max 1.2 --http1.1 --resolve 'old.example.net:443:[fd00:2::2]' \
    https://old.example.net/
openssl s_client -connect 10.2.0.2:443 -servername a.b.example.org -alpn foo,bar </dev/null >/dev/null 2>&1 || [ $? -eq 1 ]
openssl s_client -connect 10.2.0.2:443 -noservername -tls1_2 </dev/null >/dev/null 2>&1
""" + "".join(f"{SSH} nobody@{address} true || [ $? -eq 255 ]\n" for address in ("10.2.0.2", "fd00:2::2"))

# Python's own HTTP, and two messages that none of these programs sends: see pq_hello().
PYTHON = """
import http.client, socket, sys
c = http.client.HTTPConnection("fd00:2::2", 80, timeout=60)
c.request("GET", "/index.html", headers={"Host": "py.example.com:80", "User-Agent": "Python"})
c.getresponse().read()
c.close()
s = socket.create_connection(("10.2.0.2", 443), timeout=60)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
s.sendall(bytes.fromhex(sys.argv[1]))
s.recv(100)
s.close()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.sendto(bytes.fromhex(sys.argv[2]), ("10.2.0.2", 443))
"""


def sized(size, data):
    return len(data).to_bytes(size, "big") + data


def pq_hello(name):
    """A ClientHello of 2 kB as browsers send it, with a key share of X25519MLKEM768, which OpenSSL 3.0
    does not know, and what looks like an encrypted ClientHello."""
    def extension(kind, data):
        return struct.pack("!H", kind) + sized(2, data)

    hybrid, grease = 0x11ec, 0x2a2a
    extensions = b"".join((
        extension(grease, b""),
        extension(43, sized(1, struct.pack("!HHH", 0x3a3a, 0x0304, 0x0303))),
        extension(51, sized(2, struct.pack("!H", grease) + sized(2, b"\0") + struct.pack("!H", hybrid)
                            + sized(2, bytes(i % 251 for i in range(1216)))
                            + struct.pack("!H", 29) + sized(2, bytes(range(32))))),
        extension(10, sized(2, struct.pack("!HHH", grease, hybrid, 29))),
        extension(16, sized(2, sized(1, b"h2") + sized(1, b"http/1.1"))),
        extension(0, sized(2, b"\0" + sized(2, name.encode()))),
        extension(13, sized(2, struct.pack("!HH", 0x0403, 0x0804))),
        extension(0xfe0d, b"\0\0\1\0\1\7" + sized(2, bytes(range(32))) + sized(2, bytes(144))),
        extension(21, bytes(300)),
    ))
    hello = (b"\3\3" + bytes(range(32)) + sized(1, bytes(range(32)))
             + sized(2, struct.pack("!HH", 0x1301, 0xc02b)) + sized(1, b"\0") + sized(2, extensions))
    return b"\x16\3\1" + sized(2, b"\1" + sized(3, hello))


def quic_initial():
    """A long header and what looks like an Initial packet; no server answers it here."""
    return (b"\xc3\0\0\0\1" + sized(1, bytes(range(8))) + sized(1, b"") + b"\0"
            + struct.pack("!H", 0x4000 | 1182) + bytes(i % 253 for i in range(1182)))


def clients(netns):
    home = dict(os.environ, HOME="/nonexistent", CURL_HOME="/nonexistent", no_proxy="*")
    netns.sh(CLIENTS, env=home)
    netns.run("/usr/bin/python3", "-c", PYTHON, pq_hello("pq.example.com").hex(),
              quic_initial().hex())


def missing():
    """Programs that are not installed."""
    wanted = ["nginx", "dnsmasq", "/usr/sbin/sshd", "ssh", "curl", "dig", "openssl", "tcpdump", "tshark"]
    return [name for name in wanted if not shutil.which(name)]


# --- captures ---

LAST = b"this is the last packet"


@contextmanager
def captured(netns, device, path):
    """What passes a device is in path afterwards, whole."""
    command = ["tcpdump", "-i", device, "-w", path, "-U", "--immediate-mode", "-B", "16384", "-Z", "root"]
    with netns.popen(*command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "listening on" in line:
                break
        try:
            yield lambda: path.exists() and LAST in path.read_bytes()
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


def send_last(netns):
    netns.run("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, "
              f"socket.SOCK_DGRAM).sendto({LAST!r}, ('10.2.0.2', 9))")
