"""Numbers of the published editing formulas, for Tests/Golden/editing.

    python make_editing.py IDINVERT INTERFACEGAN OUTPUT

with checkouts of https://github.com/genforce/idinvert (utils/editor.py) and
https://github.com/genforce/interfacegan (utils/manipulator.py), both MIT licence, © Yujun Shen. NumPy alone is needed.
"""
import importlib.util
import pathlib
import sys
import types

import numpy as np

LAYERS, DIMENSION = 14, 24


def module(path):
    # interfacegan's module imports scikit-learn and its own logger, for training alone.
    sys.modules.setdefault("sklearn", types.ModuleType("sklearn")).svm = None
    package = types.ModuleType("published")
    package.__path__ = [str(path.parent)]
    sys.modules["published"] = package
    sys.modules["published.logger"] = types.ModuleType("published.logger")
    sys.modules["published.logger"].setup_logger = None
    spec = importlib.util.spec_from_file_location(f"published.{path.stem}", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def main(idinvert, interfacegan, output):
    editor = module(pathlib.Path(idinvert) / "utils/editor.py")
    manipulator = module(pathlib.Path(interfacegan) / "utils/manipulator.py")
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(20)

    def save(name, values):
        np.save(output / f"{name}.npy", np.asarray(values, np.float32))

    def unit(shape):
        values = random.normal(size=shape).astype(np.float32)
        return values / np.linalg.norm(values, axis=-1, keepdims=True)

    codes = random.normal(size=(3, LAYERS, DIMENSION)).astype(np.float32)
    layered, plain = unit((1, LAYERS, DIMENSION)), unit((1, DIMENSION))
    save("codes", codes)
    save("boundary_layered", layered)
    save("boundary_plain", plain)

    def manipulated(boundary, layers, **options):
        return editor.manipulate(
            codes, boundary, step=7, layerwise_manipulation=True, num_layers=LAYERS, manipulate_layers=layers,
            is_code_layerwise=True, is_boundary_layerwise=boundary.ndim == 3, **options)

    save("manipulated_layered", manipulated(layered, [2, 3, 4, 5], start_distance=-3.0, end_distance=3.0))
    save("manipulated_plain", manipulated(plain, "0-3,7", start_distance=-2.0, end_distance=5.5))
    save("manipulated_interfacegan", manipulator.linear_interpolate(codes[:1], plain, -3.0, 3.0, 7)[None])

    conditions = [unit((1, DIMENSION)) for _ in range(2)]
    # Far from orthogonal, as attributes of faces are.
    conditions = [(c + 0.7 * plain) / np.linalg.norm(c + 0.7 * plain) for c in conditions]
    save("conditions", np.concatenate(conditions))
    save("projected_one", manipulator.project_boundary(plain, conditions[0]))
    save("projected_two", manipulator.project_boundary(plain, *conditions))

    save("interpolated", editor.interpolate(codes[:2], codes[1:], step=7))
    save("mixed", editor.mix_style(codes[:2], codes[1:], LAYERS, list(range(10, LAYERS))))


main(*sys.argv[1:])
