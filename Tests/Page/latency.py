"""How long a person waits: from sending a picture to its first preview, and from moving a slider to the new picture.

    python Tests/Page/latency.py [--turns 30]

Prints least, median and largest times in milliseconds, on the loopback interface, without the browser's own part.
"""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from conftest import ROOT, Server  # noqa: E402
from load import form  # noqa: E402


def first_preview(address, picture: bytes) -> tuple[float, str]:
    """Seconds until the event that says that there is a preview, and the job's name."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    began = time.perf_counter()
    connection.request("POST", "/v1/jobs", form(picture, 40), {"Content-Type": "multipart/form-data; boundary=form"})
    job = json.load(connection.getresponse())
    stream = http.client.HTTPConnection(*address, timeout=60)
    stream.request("GET", job["links"]["events"])
    seconds = 0.0
    for line in stream.getresponse():
        if not line.startswith(b"data: "):
            continue
        view = json.loads(line[6:])
        if not seconds and (view.get("progress", {}).get("preview_step") or view["state"] == "done"):
            seconds = time.perf_counter() - began
        if view["state"] == "done":
            break
    connection.close()
    stream.close()
    return seconds, job["id"]


def render(address, edit: dict, path: str) -> float:
    connection = http.client.HTTPConnection(*address, timeout=60)
    began = time.perf_counter()
    connection.request("POST", path, json.dumps(edit))
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    assert answer.status == 200, answer.status
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    picture = (ROOT / "models/examples/face-03.png").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        parts = urlsplit(server.url)
        address = (parts.hostname, parts.port)
        previews, name = [], ""
        for _ in range(max(3, options.turns // 3)):
            seconds, name = first_preview(address, picture)
            previews.append(seconds)
        sliders = []
        for turn in range(options.turns):
            moves = [{"boundary": "smile", "alpha": turn / 100}, {"boundary": "glasses", "alpha": -turn / 100}]
            sliders.append(render(address, {"source": {"job": name}, "moves": moves}, "/v1/render"))
        code = server.stop()
    for what, values in [("submit to first preview", previews), ("slider to picture", sliders)]:
        least, middle, most = (1000 * value for value in (min(values), statistics.median(values), max(values)))
        print(f"{what:24} least {least:7.1f}  median {middle:7.1f}  largest {most:7.1f} ms")
    return code


if __name__ == "__main__":
    sys.exit(main())
