"""A roofline model of one inversion: what `idinv-lite bench --graph --json` counts, on a CPU described by a few figures.

An operator takes the longer of two times: that of its arithmetic (matrix products at the multiply-add peak, Winograd's
transforms at the speed of the first-level cache) and that of its bytes (from memory, or from the last-level cache where
inputs, output and weights fit into it together). Operators follow one another. The sum is what no program could beat by
this algorithm; programs take longer, by a factor that is fitted to a machine that was measured.
"""

from dataclasses import dataclass

PARTS = ("generator", "encoder", "perceptual", "step")
STEPS = 100


@dataclass(frozen=True)
class CPU:
    name: str
    # Operations and bytes per second, all cores together.
    matrix_peak: float
    transform_bandwidth: float
    cache_bandwidth: float
    memory_bandwidth: float
    cache_bytes: float

    @staticmethod
    def of_board(board, usable_share):
        cycles = board["cores"] * board["ghz"] * 1e9
        return CPU(
            name=board["name"],
            matrix_peak=cycles * board["flop_per_cycle"] * board.get("matrix_efficiency", 1),
            transform_bandwidth=cycles * board["l1_bytes_per_cycle"],
            cache_bandwidth=cycles * board["last_cache_bytes_per_cycle"],
            memory_bandwidth=board["bus_gb_per_s"] * board.get("usable_share", usable_share) * 1e9,
            cache_bytes=board["last_cache_mb"] * 1e6)

    @staticmethod
    def measured(bench, ghz, l1_bytes_per_cycle, cache_mb, cache_bytes_per_cycle):
        """The machine that `bench` ran on: peak and bandwidth are those of the same run."""
        cycles = bench["threads"] * ghz * 1e9
        return CPU(
            name="measured machine", matrix_peak=bench["peak_gflops"] * 1e9,
            transform_bandwidth=cycles * l1_bytes_per_cycle, cache_bandwidth=cycles * cache_bytes_per_cycle,
            memory_bandwidth=bench["memory_gb_per_s"] * 1e9, cache_bytes=cache_mb * 1e6)


def operator_seconds(operator, cpu):
    arithmetic = operator["executed_gflop"] * 1e9 / cpu.matrix_peak
    arithmetic += operator["transform_bytes"] / cpu.transform_bandwidth
    bandwidth = cpu.cache_bandwidth if operator["bytes"] <= cpu.cache_bytes else cpu.memory_bandwidth
    return max(arithmetic, operator["bytes"] / bandwidth)


def least_seconds(bench, part, cpu):
    return sum(operator_seconds(operator, cpu) for operator in bench[part]["operators"])


def requirements(bench):
    """What is missing in a listing for the model; empty if nothing is."""
    missing = [key for key in ("threads", "peak_gflops", "memory_gb_per_s") if key not in bench]
    for part in PARTS:
        operators = bench.get(part, {}).get("operators")
        if not operators:
            missing.append(f"{part}.operators (bench --graph)")
        elif any(key not in operators[0] for key in ("executed_gflop", "transform_bytes", "bytes")):
            missing.append(f"{part}.operators[].executed_gflop")
    if bench.get("compute", "f32") != "f32":
        missing.append("--compute f32")
    return missing


def measured_seconds(bench, part):
    """The fastest run: other programs only ever slow one down."""
    return bench[part].get("least_s", bench[part]["median_s"])


def fitted_factor(benches, cpu_of):
    """Measured over least seconds of a step: the geometric mean over the listings."""
    product = 1.0
    for bench in benches:
        product *= measured_seconds(bench, "step") / least_seconds(bench, "step", cpu_of(bench))
    return product ** (1 / len(benches))


def errors(benches, names, cpu_of, factor):
    """The model against what was measured, part by part: predicted over measured, less one."""
    return [
        {
            "model": name, "part": part, "measured_s": measured_seconds(bench, part),
            "least_s": (least := least_seconds(bench, part, cpu_of(bench))), "predicted_s": least * factor,
            "error": least * factor / measured_seconds(bench, part) - 1,
        }
        for name, bench in zip(names, benches) for part in PARTS
    ]


def inversion_seconds(times, steps=STEPS):
    """Encoder, steps, and the pictures and in-domain scores of the first and the last code."""
    return times["encoder"] + steps * times["step"] + 2 * (times["generator"] + times["encoder"])


def predict(bench, name, cpu, factor):
    least = {part: least_seconds(bench, part, cpu) for part in PARTS}
    expected = {part: seconds * factor for part, seconds in least.items()}
    return {
        "board": cpu.name, "model": name, "least_s": least, "predicted_s": expected,
        "least_inversion_s": inversion_seconds(least), "predicted_inversion_s": inversion_seconds(expected),
    }


def too_small(bench, boards):
    """Boards that have less memory than the run that was measured took, less what the system needs."""
    return [board["name"] for board in boards if bench.get("peak_rss_bytes", 0) > 0.8e6 * board["memory_mb"]]


def seconds_text(value):
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if value >= limit:
            return f"{value:.{digits}f} s"
    return f"{value * 1e3:.0f} ms" if value >= 0.1 else f"{value * 1e3:.1f} ms"


def markdown(report):
    lines = [
        ("**Predictions of a model, not measurements.** *Minimum* is the roofline itself; *predicted* is "
         f"{report['factor']:.2f} times that, the factor by which the measured machine falls short of it."),
        "",
    ]
    for name in report["models"]:
        lines += [
            f"### {name}", "",
            "| board | step, minimum | step, predicted | encoder, predicted | inversion of 100 steps, minimum | the same, predicted |",
            "|---|---|---|---|---|---|",
        ]
        for one in report["predictions"]:
            if one["model"] == name:
                name_cell = one["board"] + (", **too little memory**" if one["board"] in report["too_small"].get(name, []) else "")
                cells = [one["least_s"]["step"], one["predicted_s"]["step"], one["predicted_s"]["encoder"],
                         one["least_inversion_s"], one["predicted_inversion_s"]]
                lines.append(f"| {name_cell} | " + " | ".join(map(seconds_text, cells)) + " |")
        lines.append("")
    lines += [
        "### The model on the measured machine", "",
        "| model | part | measured | minimum | predicted | error |", "|---|---|---|---|---|---|",
    ]
    for one in report["errors"]:
        lines.append(
            f"| {one['model']} | {one['part']} | {seconds_text(one['measured_s'])} | {seconds_text(one['least_s'])} | "
            f"{seconds_text(one['predicted_s'])} | {one['error']:+.0%} |")
    lines += ["", "### Sources", "", report["note"].split(" flop_per_cycle")[0], ""]
    lines += [f"- {board['name']}: {board['source']}." for board in report["boards"]]
    lines.append(f"- Share of the bus that programs get: {report['usable_share']['value']}; {report['usable_share']['source']}.")
    return "\n".join(lines) + "\n"
