"""One engine in a process of its own. It answers a line of standard output to each line of standard input, so that its
master decides who runs when.

    {"runs": 3}  ->  {"seconds": [...]}
    {}           ->  {"peak_bytes": ...}, and the end

Its first line says that it is ready, with the output it computed, or why it is not.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys


def peak_bytes() -> int:
    """The most memory that this process has had in use (VmHWM)."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine")
    parser.add_argument("network")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, help="where the network's output goes")
    parser.add_argument("--once", action="store_true", help="end after the first output")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    # Libraries print what they like; standard output belongs to the protocol.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    import numpy

    from . import engines

    def answer(**values) -> None:
        print(json.dumps(values), file=answers, flush=True)

    try:
        task = engines.Task(arguments.network, arguments.folder, arguments.batch, arguments.threads, arguments.program)
        engine = engines.create(arguments.engine, task)
        output = engine.output()
        if arguments.output:
            numpy.save(arguments.output, output)
    except engines.Unavailable as reason:
        return answer(unavailable=str(reason))
    except Exception as error:  # any library's
        return answer(failed=f"{type(error).__name__}: {error}".splitlines()[0][:300])
    answer(ready=True)
    if arguments.once:
        return
    for line in sys.stdin:
        request = json.loads(line)
        if "runs" not in request:
            break
        try:
            answer(seconds=engine.times(request["runs"]))
        except Exception as error:
            return answer(failed=f"{type(error).__name__}: {error}".splitlines()[0][:300])
    answer(peak_bytes=getattr(engine, "peak_bytes", 0) or peak_bytes())


if __name__ == "__main__":
    main()
