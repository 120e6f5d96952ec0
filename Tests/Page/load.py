"""Fifty clients at once on a server of this machine: uploads, edits, cancels, and connections that break off.

    python Tests/Page/load.py --seconds 120

Prints what was answered, and the server's memory and descriptors before and after. Exit code 1 if an answer was wrong, the server ended, or it
kept more descriptors than before.
"""

import argparse
import collections
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from conftest import ROOT, Server  # noqa: E402

EXAMPLES = [path.read_bytes() for path in sorted((ROOT / "models/examples").glob("*.png"))]
REFUSALS = {404, 409, 429, 503}


def form(picture: bytes, steps: int, frame: str = "") -> bytes:
    place = f"--form\r\nContent-Disposition: form-data; name=\"frame\"\r\n\r\n{frame}\r\n" if frame else ""
    return (f"{place}--form\r\nContent-Disposition: form-data; name=\"steps\"\r\n\r\n{steps}\r\n--form\r\n"
            "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n").encode() + picture + b"\r\n--form--\r\n"


class Client:
    def __init__(self, address, seed, counts):
        self.address, self.random, self.counts = address, random.Random(seed), counts

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def turn(self):
        steps = self.random.choice([0, 2, 20])
        status, body = self.request(
            "POST", "/v1/jobs", form(self.random.choice(EXAMPLES), steps), {"Content-Type": "multipart/form-data; boundary=form"})
        self.note("submit", status, 202)
        if status != 202:
            return time.sleep(0.2)
        job = "/v1/jobs/" + json.loads(body)["id"]
        kind = self.random.random()
        if kind < 0.2:
            self.break_off(job + "/events")
        elif kind < 0.4:
            self.note("cancel", self.request("POST", job + "/cancel")[0], 200)
        else:
            end = time.monotonic() + 60
            while time.monotonic() < end:
                state = json.loads(self.request("GET", job)[1])["state"]
                if state in ("done", "failed", "cancelled"):
                    break
                time.sleep(0.1)
            self.note(f"job {state}", 200 if state == "done" else 500, 200)
            edit = json.dumps({"source": {"job": job.split("/")[-1]}, "moves": [{"boundary": "smile", "alpha": 0.2}]})
            status, body = self.request("POST", "/v1/render", edit)
            self.note("render", status if not body or status != 200 or body[:4] == b"\x89PNG" else 500, 200)
        self.note("delete", self.request("DELETE", job)[0], 204)

    def break_off(self, path):
        """Half an upload, and an event stream that nobody reads."""
        with socket.create_connection(self.address, timeout=10) as half:
            half.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n"
                         b"Content-Type: multipart/form-data; boundary=form\r\n\r\n--form\r\n")
        with socket.create_connection(self.address, timeout=10) as stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            stream.recv(1)
        self.note("break off", 200, 200)

    def note(self, what, status, wanted):
        right = "right" if status == wanted else "refused" if status in REFUSALS else "WRONG"
        self.counts[what, right, status] += 1


def resources(process):
    status = Path(f"/proc/{process}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return memory, len(os.listdir(f"/proc/{process}/fd"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=120)
    arguments.add_argument("--clients", type=int, default=50)
    options = arguments.parse_args()
    counts = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        parts = urlsplit(server.url)
        address = (parts.hostname, parts.port)
        for warm_up in range(5):
            Client(address, warm_up, collections.Counter()).turn()
        before = resources(server.process.pid)
        end = time.monotonic() + options.seconds

        def work(seed):
            client = Client(address, seed, counts)
            while time.monotonic() < end:
                try:
                    client.turn()
                except (OSError, http.client.HTTPException, ValueError) as error:
                    counts["exception", "WRONG", type(error).__name__] += 1

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(options.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(7)
        after = resources(server.process.pid)
        for (what, right, status), count in sorted(counts.items(), key=str):
            print(f"{what:16} {right:8} {status!s:12} {count}")
        print(f"before: {before[0]:.1f} MB, {before[1]} descriptors; after: {after[0]:.1f} MB, {after[1]} descriptors")
        left = len(json.loads(Client(address, 0, counts).request("GET", "/v1/jobs")[1])["jobs"])
        code = server.stop()
        print(f"jobs left: {left}; exit code {code}")
        wrong = sum(count for (_, right, _), count in counts.items() if right == "WRONG")
        return 1 if wrong or code or after[1] > before[1] + 2 else 0


if __name__ == "__main__":
    sys.exit(main())
