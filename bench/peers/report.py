"""results.md and the plots."""

from __future__ import annotations

import pathlib
import statistics

from .engines import is_f32, is_ours

NAMES = {
    "pytorch": "PyTorch", "pytorch-cached": "PyTorch, target cached", "pytorch-compiled": "PyTorch, target cached, compiled",
    "pytorch-bf16": "PyTorch, bf16", "pytorch-compiled-bf16": "PyTorch, target cached, compiled, bf16",
    "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn", "onnxruntime-int8": "ONNX Runtime, int8",
    "openvino-auto": "OpenVINO, its own precision", "ncnn-bf16": "ncnn, bf16"}
TITLES = {"generator": "Generator", "encoder": "Encoder", "perceptual": "VGG16 to conv4_3", "step": "One refinement step"}


def name(engine: str) -> str:
    if is_ours(engine):
        _, weights, compute = engine.split("/")
        return f"**idinv-lite**, {weights} weights, {compute}"
    return NAMES.get(engine, engine)


def ratio(results: dict, ours: str, peer: str) -> float:
    """Median over rounds of the quotient of two engines' times."""
    return statistics.median(a / b for a, b in zip(results[ours]["rounds_s"], results[peer]["rounds_s"]))


def fastest(results: dict, ours: bool = False) -> str | None:
    engines = [engine for engine, figures in results.items() if is_ours(engine) == ours and "median_s" in figures]
    return min(engines, key=lambda engine: results[engine]["median_s"], default=None)


def against(results: dict) -> str:
    """The fastest of ours over the fastest peer."""
    ours, peer = fastest(results, ours=True), fastest(results)
    if ours is None or peer is None:
        return "—"
    times = f"{results[ours]['median_s'] * 1e3:.1f} / {results[peer]['median_s'] * 1e3:.1f} ms ({name(peer)})"
    return f"{times} = **{ratio(results, ours, peer):.2f}**"


def summary(networks: dict) -> str:
    """A line per network: the fastest of ours over the fastest peer, in f32 and in whatever arithmetic each chooses."""
    lines = ["| | f32, over the fastest peer in f32 | as it comes, over the fastest peer as it comes |", "|---|---|---|"]
    for network, results in networks.items():
        in_f32 = {engine: figures for engine, figures in results.items() if is_f32(engine)}
        lines.append(f"| {TITLES[network]} | {against(in_f32)} | {against(results)} |")
    return "\n".join(lines) + "\n"


def reason(figures: dict) -> str:
    return figures.get("unavailable") or figures.get("failed") or "not measured"


def megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def comparison(title: str, results: dict) -> str:
    """A table of one network's engines; ratios are to the fastest peer, those of a step to PyTorch as published."""
    best = "pytorch" if title == TITLES["step"] and "median_s" in results.get("pytorch", {}) else fastest(results)
    heading = f"time / {NAMES[best]}" if best else "ratio"
    lines = [f"### {title}", "", f"| engine | median | {heading} | peak memory | difference / largest value | (root mean square) |",
             "|---|---|---|---|---|---|"]
    for engine, figures in results.items():
        if "median_s" not in figures:
            lines.append(f"| {name(engine)} | — {reason(figures)} | | | | |")
            continue
        quotient = f"{ratio(results, engine, best):.2f}" if best else ""
        lines.append(
            f"| {name(engine)} | {figures['median_s'] * 1e3:.1f} ms | {quotient} | {megabytes(figures['peak_bytes'])} | "
            f"{figures.get('relative_difference', float('nan')):.1e} | {figures.get('rms_difference', float('nan')):.1e} |")
    return "\n".join(lines) + "\n"


def sweep(title: str, heading: str, results: dict) -> str:
    """A table {value: engines}: milliseconds, a column per engine."""
    engines = list(dict.fromkeys(engine for figures in results.values() for engine in figures))
    lines = [f"### {title}", "", f"| {heading} | " + " | ".join(map(name, engines)) + " |", "|---" * (len(engines) + 1) + "|"]
    for value, figures in results.items():
        cells = [f"{figures[engine]['median_s'] * 1e3:.1f} ms" if "median_s" in figures.get(engine, {})
                 else f"— {reason(figures.get(engine, {}))}" for engine in engines]
        lines.append(f"| {value} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def text(about: dict, parts: dict) -> str:
    versions = ", ".join(f"{package} {version}" for package, version in about["versions"].items())
    blocks = [
        "# Speed beside other engines\n",
        (f"{about['cpu']}, {about['threads']} threads, {about['resolution']} px, {about['checkpoints']} weights; "
         f"{versions}. Medians of {about['rounds']} alternating rounds of {about['runs']} runs after a warm-up; "
         "ratios are medians of the rounds' ratios.\n"),
        f"    python -m peers {'--full' if about['full'] else '--quick'} --out …\n"]
    compared = {network: results for part in ("networks", "step") for network, results in parts.get(part, {}).items()}
    if compared:
        blocks.append(summary(compared))
    for part in ("networks", "step"):
        for network, results in parts.get(part, {}).items():
            blocks.append(comparison(TITLES[network], results))
    for part, heading in (("threads", "threads"), ("batches", "batch"), ("resolutions", "pixels a side")):
        for network, results in parts.get(part, {}).items():
            blocks.append(sweep(f"{TITLES[network]} by {heading}", heading, results))
    if "cold" in parts:
        rows = [f"| {name(what)} | " + (f"{figures['median_s']:.3f} s |" if "median_s" in figures
                                       else f"— {reason(figures)} |") for what, figures in parts["cold"].items()]
        blocks.append("\n".join(["### Process start to first encoder output", "", "| engine | median |", "|---|---|", *rows]) + "\n")
    if "memory" in parts:
        rows = [f"| {name(engine)} | " + (f"{megabytes(figures['peak_bytes'])} |" if "peak_bytes" in figures
                                         else f"— {reason(figures)} |") for engine, figures in parts["memory"]["invert"].items()]
        blocks.append("\n".join(["### Peak memory of `invert`", "", "| engine | VmHWM |", "|---|---|", *rows]) + "\n")
        rows = [f"| {file} | {count / 1e6:.1f} MB |" for file, count in parts["memory"]["file_bytes"].items()]
        blocks.append("\n".join(["### Files", "", "| file | size |", "|---|---|", *rows]) + "\n")
    return "\n".join(blocks)


def plots(out: pathlib.Path, parts: dict) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    def plain(engine: str) -> str:
        return name(engine).replace("**", "")

    compared = {network: results for part in ("networks", "step") for network, results in parts.get(part, {}).items()}
    if compared:
        figure, axes = pyplot.subplots(1, len(compared), figsize=(4.2 * len(compared), 3.6), squeeze=False)
        for axis, (network, results) in zip(axes[0], compared.items()):
            timed = {engine: figures["median_s"] * 1e3 for engine, figures in results.items() if "median_s" in figures}
            bars = axis.barh([plain(engine) for engine in timed], list(timed.values()),
                             color=["tab:blue" if is_ours(engine) else "0.65" for engine in timed])
            axis.bar_label(bars, fmt="%.0f", padding=2)
            axis.invert_yaxis()
            axis.set(title=TITLES[network], xlabel="ms")
            axis.margins(x=0.15)
        save(figure, out / "engines.png")
    for part, heading in (("batches", "images at once"), ("threads", "threads"), ("resolutions", "pixels a side")):
        if not parts.get(part):
            continue
        figure, axes = pyplot.subplots(1, len(parts[part]), figsize=(4.2 * len(parts[part]), 3.6), squeeze=False)
        for axis, (network, results) in zip(axes[0], parts[part].items()):
            for engine in dict.fromkeys(engine for figures in results.values() for engine in figures):
                points = [(int(value), figures[engine]["median_s"] * 1e3 / (int(value) if part == "batches" else 1))
                          for value, figures in results.items() if "median_s" in figures.get(engine, {})]
                if points:
                    axis.plot(*zip(*points), marker="o", label=plain(engine))
            if part == "resolutions":
                axis.set(xscale="log", yscale="log")
                if len(points) > 1:
                    side, time = points[0]
                    axis.plot([s for s, _ in points], [time * (s / side) ** 2 for s, _ in points], "k:",
                              label="as pixels grow")
            axis.set(title=TITLES[network], xlabel=heading, ylabel="ms per image", xticks=[int(value) for value in results],
                     xticklabels=list(results))
            axis.minorticks_off()
            axis.legend(fontsize="small")
        save(figure, out / f"{part}.png")


def save(figure, path: pathlib.Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    figure.clear()


def write(out: pathlib.Path, about: dict, parts: dict) -> None:
    (out / "results.md").write_text(text(about, parts))
    plots(out, parts)
