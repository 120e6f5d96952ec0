"""cd bench && python3 -m arm pipes | roofline | listing

What can be said of ARM boards without one at hand; see README.md.
"""

import argparse
import json
import os
import pathlib
import sys

from . import disassembly, listing, pipes, roofline
from .kernels import KERNELS

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTINGS = pathlib.Path(__file__).parent / "listings"
# An in-order core first, then those that the bars are about. LLVM gives cortex-a76 the tables of the Cortex-A57;
# neoverse-n1 is the same core with tables of its own.
CPUS = ["cortex-a53", "cortex-a55", "cortex-a72", "cortex-a76", "neoverse-n1", "neoverse-n2"]


def newest(tool):
    """The tool with the highest version in its name that is installed: Debian has llvm-mca-19 beside llvm-mca."""
    found = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for path in pathlib.Path(folder or ".").glob(f"{tool}-*"):
            suffix = path.name.removeprefix(f"{tool}-")
            if suffix.isdigit():
                found[int(suffix)] = path.name
    return found[max(found)] if found else tool


def functions(folder, objdump):
    objects = sorted(pathlib.Path(folder).glob("Kernels*.build/*.o"))
    if not objects:
        raise pipes.Unavailable(f"{folder}: no Kernels*.build/*.o in it; 'scripts/arm64 build' makes them")
    return [function for path in objects for function in disassembly.disassemble(path, objdump)]


def measure(found, cpus, mca):
    """One entry per kernel; a kernel that is not there, or has no loop of multiply-adds, is an error."""
    entries = []
    for kernel in KERNELS:
        candidates = [f for f in found if kernel.matches(f.name)]
        loops = [loop for f in candidates if (loop := pipes.busiest_loop(disassembly.innermost_loops(f)))]
        if not loops:
            raise pipes.Unavailable(f"{kernel.name}: no loop with multiply-adds found in the objects")
        loop = pipes.busiest_loop(loops)
        uses = {cpu: pipes.pipe_use(loop, cpu, mca) for cpu in cpus if cpu not in kernel.without}
        entries.append({
            "kernel": kernel.name,
            "instructions": len(loop),
            "multiply_adds": sum(map(pipes.is_multiply_add, loop)),
            "share": {cpu: round(use.share, 4) for cpu, use in uses.items()},
            "cycles": {cpu: round(use.cycles, 2) for cpu, use in uses.items()},
            "bars": kernel.bars,
        })
    return entries


def missed(entries):
    return [
        f"{entry['kernel']} on {cpu}: {entry['share'][cpu]:.1%} of the multiply-add pipes, expected {bar:.0%} or more"
        for entry in entries for cpu, bar in entry["bars"].items()
        if cpu in entry["share"] and entry["share"][cpu] < bar
    ]


def table(entries, cpus):
    lines = [
        "| kernel | instructions | multiply-adds | " + " | ".join(cpus) + " |",
        "|---" * (3 + len(cpus)) + "|",
    ]
    for entry in entries:
        cells = [f"{entry['share'][cpu]:.0%}" if cpu in entry["share"] else "–" for cpu in cpus]
        lines.append(
            f"| {entry['kernel']} | {entry['instructions']} | {entry['multiply_adds']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def run_pipes(options):
    mca, objdump = options.mca or newest("llvm-mca"), options.objdump or newest("llvm-objdump")
    major, line = pipes.version(mca)
    if major < 16:
        raise pipes.Unavailable(f"{mca}: is of version {major or 'unknown'}; expected 16 or later, such as Debian's llvm-19")
    entries = measure(functions(options.objects, objdump), options.cpu or CPUS, mca)
    if options.json:
        print(json.dumps({"llvm": line, "kernels": entries}, indent=2))
    else:
        print(f"Share of the multiply-add pipes in each kernel's inner loop, by {mca} ({line}):\n")
        print(table(entries, options.cpu or CPUS))
    failures = missed(entries)
    for failure in failures:
        print(f"arm: {failure}", file=sys.stderr)
    return 1 if failures else 0


def run_roofline(options):
    table = json.loads((pathlib.Path(__file__).parent / "boards.json").read_text())
    names, benches = [], []
    for argument in options.bench or [f"={LISTINGS / name}" for name in ("shipped.json", "full-size.json")]:
        name, separator, path = argument.partition("=")
        if not separator:
            raise pipes.Unavailable(f"--bench {argument}: expected NAME=FILE")
        bench = json.loads(pathlib.Path(path).read_text())
        name = name or bench.get("name", path)
        # What a board's owner attached to an issue is as good.
        bench = bench.get("bench", bench) if bench.get("format") == "idinv-lite-bench" else bench
        if missing := roofline.requirements(bench):
            raise pipes.Unavailable(f"{path}: lacks {', '.join(missing)}; expected what 'bench --graph --json' prints")
        names.append(name)
        benches.append(bench)

    def machine(bench):
        ghz = options.ghz or bench.get("ghz")
        if ghz is None:
            raise pipes.Unavailable("--ghz: expected the clock rate of the machine that was measured; the listing has none")
        return roofline.CPU.measured(
            bench, ghz, options.l1_bytes_per_cycle, options.cache_mb, options.cache_bytes_per_cycle)

    factor = roofline.fitted_factor(benches, machine)
    share = table["usable_share"]["value"]
    report = {
        "kind": "prediction", "factor": factor, "models": names, "boards": table["boards"],
        "usable_share": table["usable_share"], "note": table["note"],
        "too_small": {name: roofline.too_small(bench, table["boards"]) for name, bench in zip(names, benches)},
        "errors": roofline.errors(benches, names, machine, factor),
        "predictions": [
            roofline.predict(bench, name, roofline.CPU.of_board(board, share), factor)
            for name, bench in zip(names, benches) for board in table["boards"]
        ],
    }
    if options.out:
        out = pathlib.Path(options.out)
        out.mkdir(parents=True, exist_ok=True)
        (out / "roofline.json").write_text(json.dumps(report, indent=2) + "\n")
        (out / "roofline.md").write_text(roofline.markdown(report))
    else:
        print(roofline.markdown(report), end="")
    return 0


def run_listing(options):
    bench = json.loads(pathlib.Path(options.bench).read_text())
    if missing := roofline.requirements(bench):
        raise pipes.Unavailable(f"{options.bench}: lacks {', '.join(missing)}; expected what 'bench --graph --json' prints")
    pathlib.Path(options.out).write_text(listing.text(listing.of_bench(bench, options.name, options.ghz, options.note)))
    return 0


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python3 -m arm", description=__doc__.splitlines()[2])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("pipes", help="share of the multiply-add pipes that each kernel's inner loop uses")
    one.add_argument("--objects", default=ROOT / ".build-arm64" / "release", help="folder with Kernels*.build")
    one.add_argument("--cpu", action="append", help="as llvm-mca names it; may be given several times")
    one.add_argument("--mca", help="default: the newest llvm-mca")
    one.add_argument("--objdump", help="default: the newest llvm-objdump")
    one.add_argument("--json", action="store_true")
    one.set_defaults(run=run_pipes)
    two = commands.add_parser("roofline", help="predicts seconds per step and per inversion on boards")
    two.add_argument("--bench", action="append", metavar="NAME=FILE",
                     help="what 'idinv-lite bench --graph --json --compute f32' printed for a model; may be given several times; "
                     "default: the listings of the project")
    # Of the machine that was measured; peak and bandwidth of its memory are in the listing.
    two.add_argument("--ghz", type=float, help="clock rate of the measured machine; default: the listing's")
    two.add_argument("--l1-bytes-per-cycle", type=float, default=128, help="its loads and stores per cycle")
    two.add_argument("--cache-mb", type=float, default=32, help="its last-level cache")
    two.add_argument("--cache-bytes-per-cycle", type=float, default=16, help="what a core gets from it per cycle")
    two.add_argument("--out", help="folder for roofline.json and roofline.md; default: the text only")
    two.set_defaults(run=run_roofline)
    three = commands.add_parser("listing", help="keeps of a run of bench what the roofline needs")
    three.add_argument("bench", help="what 'idinv-lite bench --graph --json --compute f32' printed")
    three.add_argument("--name", required=True, help="of the model, in tables")
    three.add_argument("--ghz", type=float, required=True, help="clock rate of the machine")
    three.add_argument("--note", default="", help="the machine, the model, what else ran")
    three.add_argument("--out", required=True)
    three.set_defaults(run=run_listing)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (pipes.Unavailable, RuntimeError, OSError, json.JSONDecodeError) as error:
        print(f"arm: {error}", file=sys.stderr)
        return 69


if __name__ == "__main__":
    sys.exit(main())
