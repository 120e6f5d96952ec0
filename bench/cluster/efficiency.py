"""Images per second through Ray over images per second of `idinv-lite invert`, on the same cores.

    PYTHONPATH=python/src python bench/cluster/efficiency.py --program .build/release/idinv-lite --images 200 --steps 50 --rounds 5

Both run in turns, on the cluster of one machine, which has started before; the medians count. Besides the clock, the processor time
of all processes is compared, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def session_seconds() -> float:
    """Processor time of all processes of the session, ended ones that were waited for included."""
    session = os.getsid(0)
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session or any(mark in _command(entry) for mark in ("ray::", "/ray/")):
            total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "idinv-lite"))
    parser.add_argument("--model", default=str(ROOT / "models" / "default.idinv"))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpus", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    os.environ.setdefault("RAY_worker_niceness", "0")  # as the command's

    import idinv_lite.ray as cluster
    import ray

    ray.init("local", num_cpus=given.cpus, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run(
            [given.program, "synthesize", "-q", "-m", given.model, "--seeds", f"0-{given.images - 1}", "-o", folder / "in"],
            check=True,
        )
        measured: dict[str, list[tuple[float, float]]] = {"invert": [], "ray": []}
        for number in range(given.rounds):
            began, used = time.monotonic(), session_seconds()
            words = [given.program, "invert", folder / "in", "-m", given.model, "-q", "--iterations", str(given.steps)]
            subprocess.run([*words, "--threads", str(given.cpus), "-o", folder / f"invert{number}"], check=True)
            measured["invert"].append((time.monotonic() - began, session_seconds() - used))
            began, used = time.monotonic(), session_seconds()
            cluster.run([str(folder / "in")], str(folder / f"ray{number}"), given.model, cluster.Options(steps=given.steps))
            measured["ray"].append((time.monotonic() - began, session_seconds() - used))
    clock, processor = (
        {name: statistics.median(pair[index] for pair in pairs) for name, pairs in measured.items()} for index in (0, 1)
    )
    figures = {
        "images": given.images, "steps": given.steps, "cpus": given.cpus, "rounds": given.rounds,
        "images_per_second": {name: given.images / seconds for name, seconds in clock.items()},
        "cpu_seconds_per_image": {name: seconds / given.images for name, seconds in processor.items()},
        "efficiency": clock["invert"] / clock["ray"],
        "efficiency_by_cpu_seconds": processor["invert"] / processor["ray"],
        "all": measured,
    }  # fmt: skip
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
