"""Beside other libraries and processes: same bytes, no crash, memory that stays."""

from __future__ import annotations

import importlib.util
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import idinv_lite as idinv
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def program() -> str | None:
    """The `idinv-lite` program: that of the environment, of the package, or of a checkout."""
    named = os.environ.get("IDINV_LITE")
    candidates = [
        Path(named) if named else None,
        Path(idinv.__file__).parent / "bin" / "idinv-lite",
        ROOT / ".build" / "release" / "idinv-lite",
    ]
    return next((str(path) for path in candidates if path and path.exists()), shutil.which("idinv-lite"))


def test_the_command_gives_the_same_bytes(model: idinv.Model, faces: list[Path], tmp_path: Path) -> None:
    command = program()
    if command is None:
        pytest.skip("the program idinv-lite is not there")
    arguments = ["-m", model.info.path, "--quiet", "-o", str(tmp_path)]
    images = [str(face) for face in faces]
    subprocess.run([command, "invert", *images, *arguments, "--iterations", "7"], check=True)
    result = model.invert(faces, steps=7)
    assert np.load(tmp_path / "inverted_codes.npy").tobytes() == result.codes.tobytes()
    assert np.load(tmp_path / "encoded_codes.npy").tobytes() == result.start_codes.tobytes()
    picture = idinv.read_image(tmp_path / "face-01_inv.png")
    assert np.array_equal(picture, model.synthesize(result.codes[0]))
    subprocess.run([command, "synthesize", "--seeds", "5", *arguments], check=True)
    assert np.load(tmp_path / "codes.npy").tobytes() == model.sample(5).tobytes()


def encode_in_a_child(model: idinv.Model, path: Path, queue: object) -> None:
    queue.put(model.encode(path).tobytes())  # type: ignore[attr-defined]


def test_fork_after_use(model: idinv.Model, faces: list[Path]) -> None:
    expected = model.encode(faces[0]).tobytes()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    children = [context.Process(target=encode_in_a_child, args=(model, faces[0], queue)) for _ in range(2)]
    for child in children:
        child.start()
    assert [queue.get(timeout=60) for _ in children] == [expected, expected]
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert model.encode(faces[0]).tobytes() == expected


def test_data_loader(model: idinv.Model, faces: list[Path]) -> None:
    data = pytest.importorskip("torch.utils.data")

    class Codes(data.Dataset):  # type: ignore[misc,name-defined]
        def __len__(self) -> int:
            return len(faces)

        def __getitem__(self, index: int) -> np.ndarray:
            return model.encode(faces[index])[0]

    expected = model.encode(faces)
    loaded = np.stack([batch[0].numpy() for batch in data.DataLoader(Codes(), batch_size=1, num_workers=2)])
    assert np.array_equal(loaded, expected)


NEIGHBORS = [name for name in ("torch", "cv2", "numpy") if importlib.util.find_spec(name)]

BESIDE = """
import sys, threading
import {imports}
import numpy as np
model = idinv_lite.Model.open(sys.argv[1], threads=2)
expected = model.invert(sys.argv[2], steps=3).codes
done = threading.Event()
def work():
    a = np.random.default_rng(0).standard_normal((300, 300))
    while not done.is_set():
        a @ a
        if "torch" in sys.modules:
            t = sys.modules["torch"].from_numpy(a); t @ t
        if "cv2" in sys.modules:
            sys.modules["cv2"].GaussianBlur(a, (5, 5), 1)
thread = threading.Thread(target=work)
thread.start()
for _ in range(5):
    assert np.array_equal(model.invert(sys.argv[2], steps=3).codes, expected)
done.set()
thread.join()
sys.stdout.buffer.write(expected.tobytes())
"""


@pytest.mark.parametrize("order", [*itertools.permutations(["idinv_lite", *NEIGHBORS])][:: 1 if len(NEIGHBORS) < 3 else 5])
def test_import_orders(model: idinv.Model, faces: list[Path], order: tuple[str, ...]) -> None:
    script = BESIDE.format(imports=", ".join(order))
    environment = {**os.environ, "PYTHONPATH": str(Path(idinv.__file__).parents[1])}
    command = [sys.executable, "-c", script, model.info.path, str(faces[0])]
    run = subprocess.run(command, check=False, capture_output=True, env=environment, timeout=300)
    assert run.returncode == 0, run.stderr.decode()
    assert run.stdout == model.invert(faces[0], steps=3).codes.tobytes()


def resident() -> int:
    """Bytes of this process's own memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def test_memory_stays(model: idinv.Model, faces: list[Path]) -> None:
    face = idinv.read_image(faces[0])
    before = 0
    for call in range(300):
        model.synthesize(model.invert(face, steps=1).codes)
        if call == 100:
            before = resident()
    assert resident() - before < 2 << 20


def test_nothing_is_printed(faces: list[Path]) -> None:
    script = "import sys, idinv_lite; idinv_lite.Model.open(sys.argv[1]).invert(sys.argv[2], steps=1)"
    environment = {**os.environ, "PYTHONPATH": str(Path(idinv.__file__).parents[1])}
    command = [sys.executable, "-c", script, str(idinv.default_model()), str(faces[0])]
    run = subprocess.run(command, check=False, capture_output=True, env=environment)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
