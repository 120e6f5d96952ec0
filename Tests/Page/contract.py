"""Holds a server of this machine against its OpenAPI description, with requests that schemathesis makes up: right ones, wrong ones, and chains of them.

    python Tests/Page/contract.py [--examples 50]

Exit code 1 where an answer is a server error (500 and above), has a status or a content type that the description lacks, or is not as it describes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from conftest import ROOT, Server  # noqa: E402
from load import form  # noqa: E402

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]


def job(url: str, picture: bytes, frame: str = "") -> str:
    """The id of a finished job; with a frame, of one that keeps its photo."""
    body = form(picture, 0, frame)
    request = urllib.request.Request(f"{url}v1/jobs", body, {"Content-Type": "multipart/form-data; boundary=form"})
    name = json.load(urllib.request.urlopen(request))["id"]
    while json.load(urllib.request.urlopen(f"{url}v1/jobs/{name}"))["state"] != "done":
        time.sleep(0.05)
    return name


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=50, help="requests made up for each operation")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            picture = (ROOT / "models/examples/face-01.png").read_bytes()
            frame = json.dumps({"center": [31.5, 31.5], "axis": [30, 2]})
            # Some are deleted on the way.
            names = [job(server.url, picture, frame if index % 2 else "") for index in range(20)]
            Path(folder, "schemathesis.toml").write_text(f"[parameters]\n\"path.id\" = {json.dumps(names)}\n")
            command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}v1/openapi.json", "--no-color"]
            command += ["--checks", ",".join(CHECKS), "--max-examples", str(options.examples), "--workers", "1"]
            command += ["--generation-deterministic", "--request-timeout", "60", "--continue-on-failure", "--no-shrink"]
            status = subprocess.run(command, cwd=folder, check=False).returncode
        finally:
            code = server.stop()
    print(f"schemathesis: {status}; the server ended with {code}")
    return 1 if status or code else 0


if __name__ == "__main__":
    sys.exit(main())
