"""The part of what `idinv-lite bench --graph --json` prints that the roofline needs, small enough to keep."""

import json

from .roofline import PARTS

MACHINE = ("threads", "compute", "tier", "peak_rss_bytes", "peak_gflops", "memory_gb_per_s")
TIMES = ("median_s", "least_s", "runs", "arena_bytes")
OPERATOR = ("name", "output", "executed_gflop", "transform_bytes", "bytes")


def of_bench(bench, name, ghz, note):
    """One run, whole: times, peak and bandwidth are of the same minute, and operators are as they were counted then."""
    kept = {"name": name, "note": note, "ghz": ghz} | {key: bench[key] for key in MACHINE if key in bench}
    for part in PARTS:
        kept[part] = {key: bench[part][key] for key in TIMES if key in bench[part]}
        kept[part]["operators"] = [{key: one[key] for key in OPERATOR} for one in bench[part]["operators"]]
    return kept


def text(listing):
    """JSON with a line for each operator, so that a change of the graph is a change of lines."""
    machine = {key: value for key, value in listing.items() if key not in PARTS}
    lines = [f'  {json.dumps(key)}: {json.dumps(value)},' for key, value in machine.items()]
    for part in PARTS:
        values = {key: value for key, value in listing[part].items() if key != "operators"}
        operators = ",\n    ".join(map(json.dumps, listing[part]["operators"]))
        lines.append(f'  "{part}": {json.dumps(values)[:-1]}, "operators": [\n    {operators}]}},')
    return "{\n" + "\n".join(lines)[:-1] + "\n}\n"
