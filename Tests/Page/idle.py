"""A server of this machine that has nothing to do, and then ten thousand connections that say nothing: it goes on answering, and forgets them.

    python Tests/Page/idle.py [--seconds 30] [--connections 10000]

Prints the processor time of an idle server, how long a request takes before, during and after, and the server's memory and descriptors. Exit code 1 where a request is not answered
within 30 seconds, something is left, or the idle server took more than a thousandth of the time.
"""

import argparse
import contextlib
import http.client
import os
import resource
import socket
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from conftest import Server  # noqa: E402
from load import resources  # noqa: E402


def ask(address) -> float:
    """Seconds until the server says that it is well."""
    began = time.monotonic()
    while time.monotonic() < began + 60:
        connection = http.client.HTTPConnection(*address, timeout=20)
        try:
            connection.request("GET", "/v1/health")
            if connection.getresponse().status == 200:
                break
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return time.monotonic() - began


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="how long it is idle")
    parser.add_argument("--connections", type=int, default=10_000)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (options.connections + 500, options.connections + 500))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        parts = urlsplit(server.url)
        address = (parts.hostname, parts.port)
        first = ask(address)
        time.sleep(5)
        used = processor_seconds(server.process.pid)
        time.sleep(options.seconds)
        used = processor_seconds(server.process.pid) - used
        before = resources(server.process.pid)
        began = time.monotonic()
        # Half of them say nothing, half of them begin a request and stop.
        sockets = []
        for index in range(options.connections):
            silent = socket.socket()
            silent.setblocking(False)
            silent.connect_ex(address)
            sockets.append(silent)
            if index % 500 == 499:
                for other in sockets[-500::2]:
                    with contextlib.suppress(OSError):
                        other.send(b"GET /v1/health HTTP/1.1\r\n")
        opened = time.monotonic() - began
        waits = []
        for _ in range(5):
            waits.append(ask(address))
            time.sleep(1)
        during = resources(server.process.pid)
        for silent in sockets:
            silent.close()
        time.sleep(12)
        last = ask(address)
        after = resources(server.process.pid)
        code = server.stop()
    print(f"{used:.2f} s of processor time in {options.seconds:.0f} s without requests")
    print(f"{options.connections} connections opened in {opened:.1f} s")
    print(f"a request takes {first:.3f} s before, at most {max(waits):.1f} s among them, {last:.3f} s after")
    for name, (memory, descriptors) in [("before", before), ("during", during), ("after", after)]:
        print(f"{name}: {memory:.1f} MB, {descriptors} descriptors")
    return 1 if max(waits) > 30 or last > 1 or used > options.seconds / 1000 or code or after[1] > before[1] + 2 else 0


if __name__ == "__main__":
    sys.exit(main())
