"""Inversion: results, options, progress, interruption."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import idinv_lite as idinv
import numpy as np
import pytest


def test_refinement_improves_on_the_encoder(faces: list[Path]) -> None:
    # In `auto` codes are made in 8 bits where the processor is fast at that, and optimized without.
    model = idinv.Model.open(faces[0].parents[1] / "default.idinv", threads=2, arithmetic="f32")
    seen: list[idinv.Progress] = []
    result = model.invert(faces[0], steps=8, progress=seen.append)
    assert [progress.step for progress in seen] == list(range(1, 9))
    assert all(progress.planned_steps == 8 and progress.best_code.shape == (10, 64) for progress in seen)
    assert result.codes.shape == (1, 10, 64) and not result.failures
    outcome = result.outcomes[0]
    assert outcome.stop_reason == "steps" and outcome.steps == 8 and outcome.losses[7, 3] < outcome.losses[0, 3]
    assert np.array_equal(result.start_codes, model.encode(faces[0]))


def test_neighbors_and_previews_change_nothing(model: idinv.Model, faces: list[Path]) -> None:
    def preview(progress: idinv.Progress) -> None:
        assert model.synthesize(progress.best_code).shape == (64, 64, 3)

    together = model.invert(faces, steps=3, progress=preview)
    assert np.array_equal(together.codes[1], model.invert(faces[1], steps=3).codes[0])


def test_options(model: idinv.Model, faces: list[Path]) -> None:
    start = model.sample(1)[0]
    given = model.invert(faces[0], steps=1, start=start)
    assert np.array_equal(given.start_codes[0], start)
    assert not np.array_equal(model.invert(faces[0], steps=1, start="mean").start_codes[0], start)
    in_w = model.invert(faces[0], steps=2, space="w").codes[0]
    assert np.allclose(in_w, in_w[:1])
    brief = model.invert(faces[0], budget=0.05)
    assert brief.outcomes[0].stop_reason in ("budget", "converged")
    pixels_only = model.invert(faces[0], steps=1, perceptual_weight=0, domain_weight=0).outcomes[0].losses[0]
    assert pixels_only[1] == 0 and pixels_only[2] == 0 and np.isclose(pixels_only[0], pixels_only[3])
    near = model.invert(faces[0], steps=50, target_psnr=1.0)
    assert near.outcomes[0].stop_reason == "target" and near.outcomes[0].steps == 1
    adam = model.invert(faces[0], steps=2, optimizer="adam", learning_rate=0.02)
    assert not np.array_equal(adam.codes, model.invert(faces[0], steps=2, optimizer="adam").codes)


@pytest.mark.parametrize(
    "options",
    [{"steps": 0}, {"steps": -1}, {"optimizer": "sgd"}, {"domain_weight": -1.0}, {"budget": -1.0}, {"batch": -1},
     {"space": "z"}, {"start": np.zeros((2, 10, 64))}, {"crop": "left"}],
)  # fmt: skip
def test_bad_options(model: idinv.Model, faces: list[Path], options: dict[str, object]) -> None:
    with pytest.raises(idinv.InvalidArgumentError):
        model.invert(faces[0], **{"steps": 1, **options})  # type: ignore[arg-type]


def test_one_bad_image_of_many(model: idinv.Model, faces: list[Path]) -> None:
    result = model.invert([faces[0], np.zeros((8, 9, 3), np.uint8)], steps=1)
    assert list(result.failures) == [1] and "square" in result.failures[1].reason
    assert np.isnan(result.codes[1]).all() and np.isfinite(result.codes[0]).all()
    assert np.isfinite(model.invert(np.zeros((8, 9, 3), np.uint8), steps=1, crop="center").codes).all()
    with pytest.raises(idinv.BadDataError, match="square"):
        model.invert(np.zeros((8, 9, 3), np.uint8), steps=1)


def test_a_function_stops(model: idinv.Model, faces: list[Path]) -> None:
    result = model.invert(faces[:2], steps=9, batch=1, progress=lambda progress: progress.step < 3)
    assert result.outcomes[0].stop_reason == "interrupted" and result.outcomes[0].steps == 3
    assert isinstance(result.failures[1], idinv.CancelledError)


def test_what_a_function_raises_is_raised(model: idinv.Model, faces: list[Path]) -> None:
    def fail(progress: idinv.Progress) -> None:
        raise LookupError(f"step {progress.step}")

    with pytest.raises(LookupError, match="step 1"):
        model.invert(faces[0], steps=5, progress=fail)


def test_ctrl_c_stops_cleanly(model: idinv.Model, faces: list[Path]) -> None:
    # What runs in the background of a script is started without Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        check_that_ctrl_c_stops_cleanly(model, faces)
    finally:
        signal.signal(signal.SIGINT, before)


def check_that_ctrl_c_stops_cleanly(model: idinv.Model, faces: list[Path]) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        time.sleep(0.3)
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt) as interrupted:
        model.invert(faces[0], steps=1_000_000, optimizer="adam", learning_rate=1e-4)
    thread.join()
    assert isinstance(interrupted.value, idinv.Interrupted)
    result = interrupted.value.result
    assert result is not None and result.outcomes[0].stop_reason == "interrupted"
    assert np.isfinite(result.codes).all() and result.outcomes[0].steps > 0
    assert model.encode(faces[0]).shape == (1, 10, 64)


def test_bar(model: idinv.Model, faces: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    model.invert(faces[0], steps=2, progress=True)
    assert "2/2" in capsys.readouterr().err


def test_diffusion(model: idinv.Model, faces: list[Path]) -> None:
    published = model.diffuse(faces[0], faces[1], steps=2)
    square = model.diffuse(faces[0], faces[1], steps=2, square=(20, 30, 30))
    assert published.codes.shape == (1, 10, 64) and not np.array_equal(published.codes, square.codes)
    with pytest.raises(idinv.InvalidArgumentError):
        model.diffuse(faces[0], faces[1], square=(0, 0, 0))


def test_the_gil_is_released(model: idinv.Model, faces: list[Path]) -> None:
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    # No callback: between the two ends nothing of Python runs here.
    model.synthesize(model.sample(range(40)))
    done.set()
    thread.join()
    assert counted > 3


def test_many_threads(faces: list[Path]) -> None:
    models = [idinv.Model.open(threads=1), idinv.Model.open(threads=1)]
    expected = models[0].encode(faces[0])
    results: list[bool] = []

    def encode(model: idinv.Model) -> None:
        for _ in range(5):
            results.append(np.array_equal(model.encode(faces[0]), expected))
            try:
                model.synthesize(np.full((1, 10, 64), np.inf, np.float32))
            except idinv.BadDataError as error:
                results.append("finite" in error.reason)

    threads = [threading.Thread(target=encode, args=(models[index % 2],)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 40 and all(results)
