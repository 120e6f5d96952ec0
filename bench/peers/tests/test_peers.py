"""cd bench && python -m pytest peers/tests; IDINV_LITE names the program, default the release build."""

import json
import os
import pathlib
import subprocess
import sys

import numpy
import pytest

from peers import ROOT, checkpoints, report, rounds
from peers.__main__ import GIVEN, arguments, current, described, other_load, settings
from peers.engines import is_f32
from peers.parts import AS_THEY_COME, FORWARD, PLAIN, Settings, cold

PROGRAM = pathlib.Path(os.environ.get("IDINV_LITE", ROOT / ".build" / "release" / "idinv-lite"))
SIZES = {"w_dim": 32, "fmaps_base": 512, "fmaps_max": 16, "encoder_base": 16, "encoder_max": 32}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return checkpoints.prepare(tmp_path_factory.mktemp("networks"), 128, SIZES)


def machine(program=PROGRAM, **options):
    return rounds.Machine(program, **{"rounds": 2, "runs": 1, "timeout": 300, **options})


needs_program = pytest.mark.skipif(not PROGRAM.exists(), reason="idinv-lite is not built")


@pytest.mark.parametrize("network", ["generator", "encoder", "perceptual"])
@needs_program
def test_engines_agree_and_are_timed(folder, network):
    """128 px: the generator's fused up-sampling is among what is exported."""
    engines = ["idinv-lite/f32/f32", *FORWARD, *AS_THEY_COME]
    results = rounds.alternate(machine(), engines, network, folder, 1, 1)
    assert list(results) == engines
    for engine, figures in results.items():
        if network == "generator" and engine.startswith("ncnn") and "unavailable" in figures:
            continue
        # A generator's outliers do not fit one scale.
        if network == "generator" and engine == "onnxruntime-int8" and "differs from PyTorch" in figures.get("failed", ""):
            continue
        assert len(figures["rounds_s"]) == 2 and min(figures["rounds_s"]) > 0, (engine, figures)
        assert figures["relative_difference"] < (5e-3 if is_f32(engine) else 1) and figures["peak_bytes"] > 1 << 20


@needs_program
def test_batches_of_an_exported_network(folder):
    results = rounds.alternate(machine(), ["pytorch", "onnxruntime", "openvino", "idinv-lite/f32/f32"], "generator", folder, 3, 1)
    assert all("median_s" in figures for figures in results.values()), results


@needs_program
def test_steps_agree_through_a_gradient(folder):
    results = rounds.alternate(machine(), ["idinv-lite/f32/f32", "pytorch", "pytorch-cached", "openvino"], "step", folder, 1, 1)
    assert results.pop("openvino") == {"unavailable": "runs no gradients"}
    assert all("median_s" in figures for figures in results.values()), results


@pytest.fixture(scope="module")
def stylegan2(tmp_path_factory):
    return checkpoints.prepare(tmp_path_factory.mktemp("stylegan2"), 64, {"w_dim": 32, "fmaps_max": 16}, "stylegan2")


@pytest.mark.parametrize("network", ["generator", "encoder"])
@needs_program
def test_engines_agree_on_stylegan2(stylegan2, network):
    engines = ["idinv-lite/f32/f32", "pytorch", "pytorch-bf16", "onnxruntime", "openvino"]
    results = rounds.alternate(machine(), engines, network, stylegan2, 1, 1)
    assert all("median_s" in figures for figures in results.values()), results


@needs_program
def test_steps_with_stylegan2_agree_through_a_gradient(stylegan2):
    results = rounds.alternate(machine(), ["idinv-lite/f32/f32", "pytorch", "pytorch-cached"], "step", stylegan2, 1, 1)
    assert all("median_s" in figures for figures in results.values()), results


@needs_program
def test_a_cold_start_leaves_out_the_turn_that_exports(folder):
    given = Settings(machine(), folder.parent, folder, 128, [PLAIN], 1, [1], [1], [128], False, False, SIZES)
    results = cold(given)
    assert set(results) >= {"idinv-lite, f16 weights", "pytorch", "onnxruntime", "openvino", "ncnn"}
    assert all(len(figures["rounds_s"]) == 2 for figures in results.values()), results


def test_a_wrong_engine_is_not_timed(folder, tmp_path):
    """A program that converts, and then gives zeros."""
    program = tmp_path / "zeros"
    program.write_text(f"""#!{sys.executable}
import sys, numpy
words = sys.argv
if words[1] == "convert":
    open(words[words.index("-o") + 1], "w").close()
else:
    numpy.save(words[words.index("--output") + 1], numpy.zeros((1, 3, 128, 128), "float32"))
""")
    program.chmod(0o755)
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    for path in folder.iterdir():
        if path.suffix in (".pth", ".npy"):
            (wrong / path.name).symlink_to(path)
    results = rounds.alternate(machine(program), ["idinv-lite/f32/f32", "pytorch"], "generator", wrong, 1, 1)
    assert "differs from PyTorch" in results["idinv-lite/f32/f32"]["failed"]
    assert "median_s" not in results["idinv-lite/f32/f32"] and "median_s" in results["pytorch"]


def test_comparison_rules():
    reference = numpy.array([[1.0, 2.0]], "float32")
    assert rounds.compare("openvino", reference + 1e-4, reference, False)[1] is None
    assert "allowed" in rounds.compare("openvino", reference + 0.1, reference, False)[1]
    assert "allowed" in rounds.compare("openvino", reference * numpy.nan, reference, False)[1]
    assert "wrong shape" in rounds.compare("openvino", reference[:, :1], reference, False)[1]
    assert rounds.compare("idinv-lite/f16/f32", reference * 1.005, reference, False)[1] is None
    # Rounded networks are judged by the mean, and by the largest difference only where a part is wrong.
    image = numpy.ones((1, 3, 100, 100), "float32")
    one_pixel = image.copy()
    one_pixel[0, 0, 0, 0] = 1.09
    assert rounds.compare("idinv-lite/f16/auto", one_pixel, image, False)[1] is None
    assert "allowed" in rounds.compare("idinv-lite/f32/f32", one_pixel, image, False)[1]
    assert "root mean square" in rounds.compare("idinv-lite/f16/auto", image * 1.02, image, False)[1]
    one_pixel[0, 0, 0, 0] = 1.2
    assert "allowed 0.1" in rounds.compare("idinv-lite/f16/auto", one_pixel, image, False)[1]
    losses = numpy.array([[1.0, 1e-3, 1e-4]], "float32")
    assert rounds.compare("idinv-lite/f32/f32", losses * 1.009, losses, True)[1] is None
    assert "allowed" in rounds.compare("idinv-lite/f32/f32", losses * [1, 1, 1.02], losses, True)[1]


def test_ratios_are_of_rounds_and_the_report_says_why_an_engine_is_missing(tmp_path):
    results = {
        "idinv-lite/f32/f32": {"median_s": 2.0, "rounds_s": [1.0, 2.0, 9.0], "peak_bytes": 1, "relative_difference": 0.0},
        "openvino": {"median_s": 4.0, "rounds_s": [2.0, 4.0, 4.5], "peak_bytes": 1, "relative_difference": 0.0},
        "ncnn": {"unavailable": "has no batch"}}
    assert report.ratio(results, "idinv-lite/f32/f32", "openvino") == 0.5
    about = {"cpu": "a CPU", "threads": 2, "resolution": 256, "checkpoints": "random", "versions": {}, "rounds": 3,
             "runs": 1, "full": False}
    report.write(tmp_path, about, {"networks": {"generator": results}, "batches": {"step": {"1": results}}})
    text = (tmp_path / "results.md").read_text()
    assert "| **idinv-lite**, f32 weights, f32 | 2000.0 ms | 0.50 |" in text and "— has no batch" in text
    assert (tmp_path / "engines.png").stat().st_size > 1000 and (tmp_path / "batches.png").stat().st_size > 1000


def test_the_summary_compares_like_with_like():
    def figures(*rounds_s):
        return {"median_s": sorted(rounds_s)[1], "rounds_s": list(rounds_s)}

    text = report.summary({"encoder": {
        "idinv-lite/f16/f32": figures(0.2, 0.2, 0.2), "idinv-lite/f16/auto": figures(0.1, 0.1, 0.1),
        "openvino": figures(0.4, 0.4, 0.4), "openvino-auto": figures(0.2, 0.2, 0.2), "ncnn": {"unavailable": "no"}}})
    assert "| Encoder | 200.0 / 400.0 ms (OpenVINO) = **0.50** | 100.0 / 200.0 ms (OpenVINO, its own precision) = **0.50** |" in text


def test_other_programs_are_noticed():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            assert max(other_load(0.3) for _ in range(10)) > 0.3
        finally:
            busy.kill()


def test_a_part_counts_only_for_the_settings_it_was_measured_with(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "step.json").write_text(json.dumps({"about": {"rounds": 3}, "values": {}}))
    assert current(tmp_path, "step", {"rounds": 3}) and not current(tmp_path, "step", {"rounds": 5})
    (tmp_path / "parts" / "step.json").write_text('{"about"')
    assert current(tmp_path, "step", {"rounds": 3}) is None


def test_other_checkpoints_are_other_networks(tmp_path, monkeypatch):
    """In the same folder of results: neither files nor figures of the ones are taken for the others'."""
    seen = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for file in GIVEN:
            (tmp_path / name / file).write_text(name)
        monkeypatch.setattr(sys, "argv", ["peers", "--quick", "--out", str(tmp_path / "out"), "--program", sys.executable,
                                          "--checkpoints", str(tmp_path / name)])
        chosen = arguments()
        given = settings(chosen, {})
        assert (given.full_size / "encoder.pth").read_text() == name
        seen.append((given.full_size, described(chosen, given)))
    assert seen[0][0] != seen[1][0] and seen[0][1] != seen[1][1]
    assert checkpoints.place(tmp_path, 64) != checkpoints.place(tmp_path, 64, SIZES)


def test_networks_of_another_resolution_are_refused(folder):
    with pytest.raises(SystemExit, match="makes 128 pixels, expected 256"):
        checkpoints._make(folder, 256, SIZES)


@pytest.mark.parametrize("words, message", [
    (["--quick", "--out", "x", "--program", sys.executable, "--checkpoints", "/nowhere"], "generator.pth is not there"),
    (["--out", "x"], "--quick --full is required"), (["--quick"], "--out"),
    (["--quick", "--out", "x", "--parts", "nothing"], "no part 'nothing'"),
    (["--quick", "--out", "x", "--program", "/nowhere"], "swift build")])
def test_wrong_usage(words, message):
    result = subprocess.run([sys.executable, "-m", "peers", *words], cwd=ROOT / "bench", capture_output=True, text=True,
                            check=False)
    assert result.returncode == 2 and message in result.stderr
