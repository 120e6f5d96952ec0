"""What a call from Python costs beside the command, and whether memory grows over many calls.

    PYTHONPATH=python/src python bench/python/overhead.py --program .build/release/idinv-lite --model full.idinv --steps 10 --rounds 7
    PYTHONPATH=python/src python bench/python/overhead.py --memory 1000

The command inverts two images, one after the other, and says itself how long each took; the second one counts, when everything is warm.
`Model.invert` gets the same image in a warm process, and its whole call counts. Both run in turns with the same threads. The codes must be
the same bytes. The overhead is the ratio of the medians less one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import idinv_lite as idinv
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
IMAGES = [ROOT / "models" / "examples" / f"face-0{number}.png" for number in (1, 2)]


def command(options: argparse.Namespace, folder: Path) -> tuple[float, np.ndarray]:
    subprocess.run(
        [options.program, "invert", "--quiet", "--batch", "1", "--model", options.model, "--iterations", str(options.steps),
         "--threads", str(options.threads), *IMAGES, "-o", folder], check=True,
    )  # fmt: skip
    summary = json.loads((folder / "summary.json").read_text())
    return summary["images"][1]["seconds"], np.load(folder / "inverted_codes.npy")[1]


def overhead(options: argparse.Namespace) -> None:
    model = idinv.Model.open(options.model, threads=options.threads)
    model.invert(IMAGES[0], steps=1)
    own, calls = [], []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds):
            seconds, expected = command(options, Path(folder) / str(turn))
            began = time.perf_counter()
            result = model.invert(IMAGES[1], steps=options.steps, batch=1)
            calls.append(time.perf_counter() - began)
            own.append(seconds)
            assert np.array_equal(result.codes[0], expected), "other codes than the command's"
            print(f"command {seconds:.4f} s, Python {calls[-1]:.4f} s", flush=True)
    ratio = statistics.median(calls) / statistics.median(own)
    print(f"medians: {statistics.median(own):.4f} s and {statistics.median(calls):.4f} s; overhead {100 * (ratio - 1):.2f} %")


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def memory(options: argparse.Namespace) -> None:
    model = idinv.Model.open(options.model, threads=options.threads)
    for call in range(1, options.memory + 1):
        model.invert(IMAGES[call % 2], steps=2)
        if call in (10, 100) or call % (options.memory // 4) == 0:
            print(f"{call} calls: {resident():.1f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / ".build" / "release" / "idinv-lite")
    parser.add_argument("--model", default=ROOT / "models" / "default.idinv")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", type=int, metavar="CALLS", help="report memory over so many calls instead")
    options = parser.parse_args()
    memory(options) if options.memory else overhead(options)


if __name__ == "__main__":
    main()
