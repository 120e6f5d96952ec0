"""Requests that no browser sends, on a server of this machine: what each one is answered, and what they leave behind.

    python Tests/Page/hostile.py

Prints a table. Exit code 1 where an answer is not one of those expected, is a server error, holds the answer to a request that was smuggled
in, takes longer than 70 seconds, or where the server ends, grows by more than 64 MB, or keeps descriptors.
"""

import socket
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from conftest import ROOT, Server  # noqa: E402
from load import resources  # noqa: E402

REFUSED = range(400, 500)
#: The connection was closed without an answer.
CLOSED = 0
FORM = "multipart/form-data; boundary=form"
PICTURE = (ROOT / "models/examples/face-01.png").read_bytes()


class Speaker:
    def __init__(self, host: str, port: int):
        self.address, self.host = (host, port), f"Host: {host}:{port}\r\n"

    def exchange(self, pieces, pause=0.0, most=90.0) -> tuple[bytes, float]:
        """Sends pieces until the server ends the connection or answers; all that it said, and the seconds it took."""
        began, said = time.monotonic(), b""
        with socket.create_connection(self.address, timeout=10) as line:
            try:
                for piece in pieces:
                    line.settimeout(10)
                    line.sendall(piece)
                    line.settimeout(max(pause, 0.0005))
                    if time.monotonic() - began > most:
                        break
                    try:
                        heard = line.recv(1 << 16)
                    except TimeoutError:
                        continue
                    said += heard
                    # Whoever is slow goes on after an answer: the server has to end it.
                    if not heard or not pause:
                        break
            except OSError:
                pass
            line.settimeout(8)
            try:
                while data := line.recv(1 << 16):
                    said += data
            except OSError:
                pass
        return said, time.monotonic() - began

    def head(self, method: str, path: str, *fields: str, host: str | None = None) -> bytes:
        lines = "".join(f"{field}\r\n" for field in fields)
        return f"{method} {path} HTTP/1.1\r\n{self.host if host is None else host}{lines}\r\n".encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def part(name: str, data: bytes, file: str = "") -> bytes:
    place = f'; filename="{file}"' if file else ""
    return f'--form\r\nContent-Disposition: form-data; name="{name}"{place}\r\n\r\n'.encode() + data + b"\r\n"


def png(width: int, height: int, rows: bytes) -> bytes:
    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", header) + block(b"IDAT", zlib.compress(rows, 9)) + block(b"IEND", b"")


def upload(speaker: Speaker, body: bytes, *fields: str, path: str = "/v1/jobs") -> list[bytes]:
    return [speaker.head("POST", path, f"Content-Type: {FORM}", f"Content-Length: {len(body)}", "Connection: close", *fields), body]


def cases(speaker: Speaker):
    """Group, what is sent, its pieces, the answers that are right, the pause between pieces."""
    head, host = speaker.head, speaker.host
    inner = head("GET", "/v1/metrics")
    for what, fields in [
        ("two different lengths", ["Content-Length: 4", f"Content-Length: {len(inner)}"]),
        ("length and chunks", ["Content-Length: 4", "Transfer-Encoding: chunked"]),
        ("chunks and length", ["Transfer-Encoding: chunked", f"Content-Length: {len(inner)}"]),
        ("two codings", ["Transfer-Encoding: identity, chunked"]),
        ("coding twice", ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"]),
        ("coding misspelt", ["Transfer-Encoding: xchunked"]),
        ("blank before the colon", ["Transfer-Encoding : chunked", "Content-Length: 4"]),
        ("folded header", ["X: y\r\n Transfer-Encoding: chunked", "Content-Length: 0"]),
        ("length -1", ["Content-Length: -1"]), ("length +4", ["Content-Length: +4"]), ("length 0x4", ["Content-Length: 0x4"]),
        ("length of 40 digits", [f"Content-Length: {'9' * 40}"]),
    ]:
        yield "smuggling", what, [head("POST", "/v1/render", *fields) + b"0\r\n\r\n" + inner], REFUSED, 0
    for what, sizes in [("chunk size over 64 bits", b"fffffffffffffffff\r\n"), ("chunk size -1", b"-1\r\n"),
                        ("chunk size no number", b"zz\r\n")]:
        yield "smuggling", what, [head("POST", "/v1/render", "Transfer-Encoding: chunked") + sizes + inner], [400, 413, CLOSED], 0
    yield "smuggling", "two hosts", [f"GET /v1/health HTTP/1.1\r\n{host}Host: evil.example\r\n\r\n".encode()], [400], 0

    yield "lengths", "length of a terabyte", [
        head("POST", "/v1/jobs", f"Content-Type: {FORM}", "Content-Length: 999999999999") + b"--form"], [413], 0
    yield "lengths", "100 MB for a request of JSON", [head("POST", "/v1/render", "Content-Length: 99999999") + b"{"], [413], 0
    yield "lengths", "longer than what is sent", [head("POST", "/v1/render", "Content-Length: 500") + b"{}"], [400, 408, CLOSED], 0
    yield "lengths", "endless JSON, in chunks", [head("POST", "/v1/render", "Transfer-Encoding: chunked"),
                                                 *[chunk(b" " * 65536)] * 10000], [413], 0
    endless = part("image", b"", "a.png")[:-2]
    yield "lengths", "endless picture, in chunks", [
        head("POST", "/v1/jobs", f"Content-Type: {FORM}", "Transfer-Encoding: chunked"), chunk(endless),
        *[chunk(bytes(1 << 20))] * 200], [413], 0
    yield "slowness", "header, a byte a second", [bytes([byte]) for byte in head("GET", "/v1/health") * 3], [408, 400, CLOSED], 1
    yield "slowness", "body, a byte a second", [head("POST", "/v1/render", "Content-Length: 200"), *[b" "] * 200], [400, 408, CLOSED], 1
    yield "slowness", "body that nobody reads, a byte a second", [head("GET", "/v1/health", "Content-Length: 200"), *[b" "] * 200], [200], 1
    yield "slowness", "form, a byte in two seconds", [
        head("POST", "/v1/jobs", f"Content-Type: {FORM}", "Content-Length: 9999"), *[b"-"] * 200], [400, 408, CLOSED], 2

    yield "forms", "1000 parts", upload(speaker, b"".join(part(f"p{i}", b"1") for i in range(1000)) + b"--form--\r\n"), [413], 0
    yield "forms", "100,000 empty parts of one name", upload(speaker, part("a", b"") * 100_000 + b"--form--\r\n"), [413, 400], 0
    yield "forms", "endless empty parts, in chunks", [
        head("POST", "/v1/jobs", f"Content-Type: {FORM}", "Transfer-Encoding: chunked"),
        *[chunk(part("a", b"") * 1000)] * 5000], [413, 400], 0
    yield "forms", "no boundary", [head("POST", "/v1/jobs", "Content-Type: multipart/form-data", "Content-Length: 6") + b"--form"], REFUSED, 0
    yield "forms", "boundary of 5 kB", [
        head("POST", "/v1/jobs", f"Content-Type: multipart/form-data; boundary={'b' * 5000}", "Content-Length: 6") + b"--bbbb"], REFUSED, 0
    yield "forms", "part's header of 10 MB", upload(speaker, b"--form\r\nX: " + b"y" * 10_000_000 + b"\r\n\r\n--form--\r\n"), REFUSED, 0
    yield "forms", "form within a form, 1000 times", upload(
        speaker, b"--form\r\nContent-Type: multipart/mixed; boundary=form\r\n\r\n" * 1000), REFUSED, 0
    yield "forms", "no end", upload(speaker, part("steps", b"1") + part("image", PICTURE, "a.png")[:-40]), REFUSED, 0
    yield "forms", "name of 10 kB", upload(speaker, part("n" * 10_000, b"1") + b"--form--\r\n"), REFUSED, 0

    yield "pictures", "PNG of 65,535 × 65,535 in its header", upload(
        speaker, part("image", png(65535, 65535, b""), "a.png") + b"--form--\r\n"), [422, 413], 0
    yield "pictures", "PNG of 49 megapixels in 150 kB", upload(
        speaker, part("image", png(7000, 7000, bytes(7000 * 21001)), "a.png") + b"--form--\r\n"), [202, 422, 413], 0
    yield "pictures", "JPEG of 65,535 × 65,535 in its header", upload(
        speaker, part("image", b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", "a.jpg")
        + b"--form--\r\n"), [422, 413], 0

    for path in ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/..\\..\\etc\\passwd", "//etc/passwd",
                 "/%00/etc/passwd", "/v1/jobs/../../../etc/passwd", "/v1/jobs/..%2f..%2fjob.json", "/.git/config"]:
        yield "paths", path, [head("GET", path, "Connection: close")], [404, 400], 0
    yield "paths", "whole address of another site", [head("GET", "http://evil.example/v1/health", "Connection: close")], [400, 403, 404, CLOSED], 0
    yield "paths", "name ../../../tmp/evil.png", upload(
        speaker, part("steps", b"0") + part("image", PICTURE, "../../../tmp/evil.png") + b"--form--\r\n"), [202], 0

    for name in ["evil.example", "192.0.2.7", "", "127.0.0.1.evil.example"]:
        yield "others", f"Host: {name}", [head("GET", "/v1/health", "Connection: close", host=f"Host: {name}\r\n")], [400, 403], 0
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example"]:
        yield "others", f"Origin: {origin}", [
            head("POST", "/v1/render", f"Origin: {origin}", "Content-Length: 2", "Connection: close") + b"{}"], [403], 0
    yield "others", "Sec-Fetch-Site: cross-site", [head("GET", "/v1/jobs", "Sec-Fetch-Site: cross-site", "Connection: close")], [403], 0

    yield "no requests", "TLS hello", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)], [400, CLOSED], 0
    yield "no requests", "HTTP/2 preface", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], [400, 405, 505, CLOSED], 0
    yield "no requests", "HTTP/9.9", [f"GET / HTTP/9.9\r\n{host}\r\n".encode()], [400, 505, CLOSED], 0
    yield "no requests", "line of 40 kB", [b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n"], [400, 413, 414, CLOSED], 0
    yield "no requests", "500 headers", [head("GET", "/", *[f"A{i}: b" for i in range(500)])], [400, 413, 431, CLOSED], 0
    yield "no requests", "zero byte in the path", [head("GET", "/\x00", "Connection: close")], [400, 404, CLOSED], 0
    yield "no requests", "lines that end in a line feed only", [
        f"GET /v1/health HTTP/1.1\n{host.strip()}\nConnection: close\n\n".encode()], [200, 400, CLOSED], 0
    yield "no requests", "web socket", [head("GET", "/v1/health", "Upgrade: websocket", "Connection: Upgrade",
                                             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13")], [200, 400, 404, CLOSED], 0
    for method in ["TRACE", "CONNECT", "PROPFIND", "get"]:
        yield "no requests", f"method {method}", [head(method, "/v1/health", "Connection: close")], [400, 405, 501, CLOSED], 0


def main() -> int:
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        parts = urlsplit(server.url)
        speaker = Speaker(parts.hostname, parts.port)
        healthy = speaker.head("GET", "/v1/health", "Connection: close")
        speaker.exchange([healthy])
        before = resources(server.process.pid)
        print("| kind | request | answer | seconds |\n|---|---|---|---|")
        for kind, what, pieces, right, pause in cases(speaker):
            said, seconds = speaker.exchange(pieces, pause)
            first = said.split(b" ", 2)
            status = int(first[1]) if said.startswith(b"HTTP/1.1 ") else CLOSED
            is_right = status in right and seconds < 70 and b"idinv_jobs_waiting" not in said and b"root:" not in said
            failures += not is_right
            answer = str(status) if status else "closed"
            print(f"| {kind} | {what} | {answer}{'' if is_right else ' **WRONG**'} | {seconds:.1f} |", flush=True)
            if not speaker.exchange([healthy])[0].startswith(b"HTTP/1.1 200"):
                print("the server does not answer any more", file=sys.stderr)
                return 1
        time.sleep(7)
        after = resources(server.process.pid)
        code = server.stop()
    print(f"before: {before[0]:.1f} MB, {before[1]} descriptors; after: {after[0]:.1f} MB, {after[1]} descriptors; exit code {code}")
    return 1 if failures or code or after[1] > before[1] + 2 or after[0] > before[0] + 64 else 0


if __name__ == "__main__":
    sys.exit(main())
