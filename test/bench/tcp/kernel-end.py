"""One end of a bulk transfer over the kernel's TCP, in a network namespace of its own that ends with this program.

    unshare --net python3 kernel-end.py send|receive ADDRESS/LENGTH OUTER-ADDRESS OUTER-PEER VNI CONGESTION-CONTROL SECONDS

It is told what to do by lines on standard input and tells how it went on standard output:
    -> (started)            <- here PID        the parent now puts `wire`, one end of a veth pair, into the namespace
    -> configure            <- ready           `eth0` is a vxlan tunnel over `wire`; a receiver listens
    -> start PEER (sender)  <- ROUND-TRIP      its mean in milliseconds, as the kernel has smoothed it
    -> start (receiver)     <- BYTES SECONDS   what came, and in which time
"""

import os
import socket
import struct
import subprocess
import sys
import time

PORT = 5001
VXLAN_PORT = 4790
CHUNK = 128 * 1024
SAMPLE_SECONDS = 0.25
# Of struct tcp_info in linux/tcp.h.
RTT_OFFSET = 68


def tell(*words):
    print(*words, flush=True)


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def configure(address, outer, peer, vni):
    for what in ("all", "default"):
        path = f"/proc/sys/net/ipv6/conf/{what}/disable_ipv6"
        if os.path.exists(path):
            with open(path, "w") as setting:
                setting.write("1")
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{outer}/30", "dev", "wire")
    run("ip", "link", "set", "wire", "up")
    tunnel = ("id", vni, "local", outer, "remote", peer, "dstport", str(VXLAN_PORT))
    run("ip", "link", "add", "eth0", "type", "vxlan", *tunnel)
    # One packet a frame, with a checksum: there is no hardware behind the tunnel.
    run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
    run("ip", "link", "set", "eth0", "mtu", "1500", "up")
    run("ip", "addr", "add", address, "dev", "eth0")


def listening():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", PORT))
    server.listen(1)
    return server


def receive(server, seconds):
    """Counts what comes within the time from the connection on."""
    connection, _ = server.accept()
    started = time.monotonic()
    buffer = bytearray(CHUNK)
    count = 0
    while (left := started + seconds - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            got = connection.recv_into(buffer)
        except TimeoutError:
            break
        if got == 0:
            break
        count += got
    tell(count, time.monotonic() - started)


def send(peer, congestion, seconds):
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
    connection.settimeout(seconds + 10)
    connection.connect((peer, PORT))
    ends = time.monotonic() + seconds + 1
    chunk = bytes(CHUNK)
    samples = []
    look_at = time.monotonic() + SAMPLE_SECONDS
    try:
        while time.monotonic() < ends:
            connection.settimeout(max(0.001, ends - time.monotonic()))
            connection.send(chunk)
            if time.monotonic() >= look_at:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                samples.append(struct.unpack_from("I", info, RTT_OFFSET)[0] / 1000)
                look_at = time.monotonic() + SAMPLE_SECONDS
    except OSError:
        # The receiver has seen enough.
        pass
    tell(sum(samples) / max(1, len(samples)))


def main():
    role, address, outer, peer, vni, congestion, seconds = sys.argv[1:]
    tell("here", os.getpid())
    sys.stdin.readline()
    configure(address, outer, peer, vni)
    server = listening() if role == "receive" else None
    tell("ready")
    words = sys.stdin.readline().split()
    if not words:
        return
    if server is not None:
        receive(server, float(seconds))
    else:
        send(words[1], congestion, float(seconds))


main()
