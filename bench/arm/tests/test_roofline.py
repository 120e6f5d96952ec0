"""cd bench && python3 -m unittest discover -t . -s arm/tests"""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

from arm import __main__ as command
from arm import roofline

CPU = roofline.CPU(
    name="c", matrix_peak=10e9, transform_bandwidth=100e9, cache_bandwidth=20e9, memory_bandwidth=5e9, cache_bytes=1e6)


def operator(executed_gflop=0.0, transform_bytes=0, count=0):
    return {"executed_gflop": executed_gflop, "transform_bytes": transform_bytes, "bytes": count}


def bench(scale=1.0):
    parts = {}
    for i, part in enumerate(roofline.PARTS):
        operators = [operator(0.1 * (i + 1) * scale, 0, 1000), operator(0, 0, int(4e6 * scale))]
        parts[part] = {"operators": operators, "median_s": 0.05 * (i + 1) * scale}
    return {"threads": 2, "peak_gflops": 100, "memory_gb_per_s": 20, "compute": "f32", **parts}


class Operators(unittest.TestCase):
    def test_arithmetic_binds_or_bytes_do(self):
        self.assertAlmostEqual(roofline.operator_seconds(operator(1.0, 0, 1000), CPU), 0.1)
        self.assertAlmostEqual(roofline.operator_seconds(operator(0.001, 0, 10_000_000), CPU), 2e-3)

    def test_transforms_add_to_matrix_products(self):
        self.assertAlmostEqual(roofline.operator_seconds(operator(1.0, 1_000_000_000, 0), CPU), 0.11)

    def test_what_fits_into_the_cache_comes_from_it(self):
        self.assertAlmostEqual(roofline.operator_seconds(operator(0, 0, 1_000_000), CPU), 1e6 / 20e9)
        self.assertAlmostEqual(roofline.operator_seconds(operator(0, 0, 1_000_001), CPU), 1_000_001 / 5e9)

    def test_a_board_has_the_peak_of_its_cores(self):
        board = {
            "name": "b", "cores": 4, "ghz": 2.4, "flop_per_cycle": 16, "l1_bytes_per_cycle": 32,
            "last_cache_bytes_per_cycle": 16, "bus_gb_per_s": 17, "last_cache_mb": 2,
        }
        cpu = roofline.CPU.of_board(board, 0.5)
        self.assertAlmostEqual(cpu.matrix_peak, 153.6e9)
        self.assertAlmostEqual(cpu.memory_bandwidth, 8.5e9)
        self.assertAlmostEqual(roofline.CPU.of_board({**board, "usable_share": 1}, 0.5).memory_bandwidth, 17e9)
        self.assertAlmostEqual(roofline.CPU.of_board({**board, "matrix_efficiency": 0.5}, 0.5).matrix_peak, 76.8e9)


class Model(unittest.TestCase):
    def test_the_factor_makes_the_steps_right(self):
        benches = [bench(), bench(10)]
        factor = roofline.fitted_factor(benches, lambda _: CPU)
        found = roofline.errors(benches, ["a", "b"], lambda _: CPU, factor)
        product = 1.0
        for one in found:
            if one["part"] == "step":
                product *= 1 + one["error"]
        self.assertAlmostEqual(product, 1)
        self.assertEqual(len(found), 8)
        self.assertNotAlmostEqual(found[0]["error"], 0, places=2)

    def test_an_inversion_is_its_steps_and_what_goes_around_them(self):
        times = {"generator": 2, "encoder": 3, "step": 10, "perceptual": 99}
        self.assertEqual(roofline.inversion_seconds(times), 3 + 1000 + 2 * (2 + 3))

    def test_a_faster_cpu_is_predicted_faster(self):
        fast = roofline.CPU("f", 20e9, 200e9, 40e9, 10e9, 1e6)
        one, two = (roofline.predict(bench(), "m", cpu, 1.5) for cpu in (CPU, fast))
        self.assertGreater(one["predicted_inversion_s"], 1.99 * two["predicted_inversion_s"])
        self.assertAlmostEqual(one["predicted_s"]["step"], 1.5 * one["least_s"]["step"])

    def test_a_board_must_hold_the_run(self):
        boards = [{"name": "s", "memory_mb": 512}, {"name": "l", "memory_mb": 2048}]
        self.assertEqual(roofline.too_small({"peak_rss_bytes": 1_100_000_000}, boards), ["s"])
        self.assertEqual(roofline.too_small({}, boards), [])


class Command(unittest.TestCase):
    def run_command(self, contents, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bench.json"
            path.write_text(json.dumps(contents))
            output, errors = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                status = command.main(["roofline", "--bench", f"small={path}", *(options or ["--ghz", "2.6"])])
            return status, output.getvalue(), errors.getvalue()

    def test_each_board_has_a_line_and_a_source_and_all_are_called_predictions(self):
        status, text, _ = self.run_command(bench())
        self.assertEqual(status, 0)
        self.assertIn("Predictions of a model, not measurements", text)
        table = json.loads((pathlib.Path(command.__file__).parent / "boards.json").read_text())
        for board in table["boards"]:
            self.assertEqual(text.count(f"| {board['name']} |"), 1)
            self.assertIn(board["source"], text)

    def test_what_a_board_owner_sends_is_read_too(self):
        plain, wrapped = self.run_command(bench()), self.run_command({"format": "idinv-lite-bench", "bench": bench()})
        self.assertEqual(plain, wrapped)

    def test_a_listing_without_operators_is_refused(self):
        contents = bench()
        del contents["step"]["operators"]
        status, text, errors = self.run_command(contents)
        self.assertEqual((status, text), (69, ""))
        self.assertIn("step.operators", errors)

    def test_results_of_other_arithmetic_are_refused(self):
        self.assertEqual(self.run_command({**bench(), "compute": "f16"})[0], 69)

    def test_a_listing_says_the_same_as_the_run_that_it_is_of(self):
        run = bench()
        for part in roofline.PARTS:
            for one in run[part]["operators"]:
                one |= {"name": "convolution", "output": "[1, 2]", "median_s": 0.1}
        with tempfile.TemporaryDirectory() as folder:
            whole, kept = pathlib.Path(folder) / "bench.json", pathlib.Path(folder) / "kept.json"
            whole.write_text(json.dumps(run))
            options = ["--name", "small", "--ghz", "3.5", "--note", "a note", "--out", str(kept)]
            self.assertEqual(command.main(["listing", str(whole), *options]), 0)
            found = json.loads(kept.read_text())
            self.assertEqual((found["ghz"], found["note"]), (3.5, "a note"))
            self.assertNotIn("median_s", found["step"]["operators"][0])
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                self.assertEqual(command.main(["roofline", "--bench", f"={kept}"]), 0)
        self.assertEqual(output.getvalue(), self.run_command(run, "--ghz", "3.5")[1])

    def test_without_a_clock_rate_there_is_no_prediction(self):
        status, text, errors = self.run_command(bench(), "--l1-bytes-per-cycle", "128")
        self.assertEqual((status, text), (69, ""))
        self.assertIn("--ghz", errors)

    def test_the_listings_of_the_project_are_predicted_from_by_default(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertEqual(command.main(["roofline"]), 0)
        for name in ("shipped model (64 px)", "full size (256 px)"):
            self.assertIn(f"### {name}", output.getvalue())

    def test_files_are_written(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.run_command(bench(), "--ghz", "2.6", "--out", folder)[0], 0)
            report = json.loads((pathlib.Path(folder) / "roofline.json").read_text())
            self.assertEqual(report["kind"], "prediction")
            self.assertTrue((pathlib.Path(folder) / "roofline.md").read_text().startswith("**Predictions"))


if __name__ == "__main__":
    unittest.main()
