import time
from collections.abc import Callable


def timed(run: Callable[[], object], runs: int) -> list[float]:
    """Seconds of `runs` runs, after one that wakes threads and warms caches."""
    run()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return seconds
