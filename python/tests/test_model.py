"""Codes, pictures and edits."""

from __future__ import annotations

import os
from pathlib import Path

import idinv_lite as idinv
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_info(model: idinv.Model) -> None:
    info = model.info
    assert (info.resolution, info.layer_count, info.dimension) == (64, 10, 64)
    assert info.has_generator and info.has_encoder and info.has_perceptual_network
    assert info.licence == "Apache-2.0" and {source["part"] for source in info.sources} >= {"generator", "encoder"}
    assert "64 px" in repr(model)


def test_default_model_is_the_environments_or_the_shipped_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDINV_MODEL", "/somewhere/else.idinv")
    assert idinv.default_model() == Path("/somewhere/else.idinv")
    with pytest.raises(idinv.MissingFileError):
        idinv.Model.open()
    monkeypatch.delenv("IDINV_MODEL")
    with idinv.Model.open() as model:
        assert model.info.has_generator


def test_codes_and_images(model: idinv.Model, faces: list[Path], tmp_path: Path) -> None:
    codes = model.encode(faces[:2])
    assert codes.shape == (2, 10, 64) and codes.dtype == np.float32
    pictures = model.synthesize(codes)
    assert pictures.shape == (2, 64, 64, 3) and pictures.dtype == np.uint8
    assert np.array_equal(model.synthesize(codes[1]), pictures[1])
    idinv.write_image(pictures[0], tmp_path / "x.png")
    assert np.array_equal(idinv.read_image(tmp_path / "x.png"), pictures[0])


def test_sampling(model: idinv.Model) -> None:
    assert np.array_equal(model.sample([3, 4])[1], model.sample(4)[0])
    assert not np.array_equal(model.sample(3, truncation=0.5), model.sample(3, truncation=1))


def test_edits(model: idinv.Model, boundaries: Path) -> None:
    codes = model.sample([1, 2])
    smile = idinv.Boundary.read(boundaries / "smile.npy", model)
    assert smile.name == "smile" and smile.distance_deviation and smile.normal.shape == (10, 64)
    moved = model.manipulate(codes, smile, [0, 0.5])
    assert moved.shape == (2, 2, 10, 64) and np.array_equal(moved[:, 0], codes)
    assert np.allclose(moved[0, 1], codes[0] + np.float32(0.5) * smile.normal, atol=1e-6)
    half = model.manipulate(codes[0], [smile, smile], 0.5, factors=[2, -1])
    assert half.shape == (1, 10, 64) and np.allclose(half[0], moved[0, 1], atol=1e-6)
    line = model.interpolate(codes[0], codes[1], inner_steps=3)
    assert line.shape == (5, 10, 64) and np.array_equal(line[0], codes[0]) and np.array_equal(line[4], codes[1])
    mixed = model.mix(codes, codes[1], layers=[9])
    assert np.array_equal(mixed[0, :9], codes[0, :9]) and np.array_equal(mixed[0, 9], codes[1, 9])


def test_training_a_boundary(model: idinv.Model, tmp_path: Path) -> None:
    codes, attributes = model.draw_samples(120, seed=5)
    assert set(attributes) == set(model.info.attribute_names)
    name, scores = next(iter(attributes.items()))
    trained = idinv.Boundary.train(codes, scores, name=name, ratio=0.3)
    assert trained.training_accuracy is not None and trained.training_accuracy > 0.9
    assert trained.bias is not None and trained.correlation is not None
    trained.save(tmp_path / "b.npy")
    again = idinv.Boundary.read(tmp_path / "b.npy", model)
    assert np.array_equal(again.normal, trained.normal) and again.distance_deviation == trained.distance_deviation
    apart = idinv.Boundary.train(codes, scores, name=name, ratio=0.3, conditions=[again], layers=range(5))
    assert apart.layers == (0, 1, 2, 3, 4)
    with pytest.raises(idinv.InvalidArgumentError):
        idinv.Boundary.train(codes, scores[:5])
    with pytest.raises(idinv.BadDataError):
        idinv.Boundary.train(codes, np.zeros(120), ratio=0.3)


def test_conversion(tmp_path: Path) -> None:
    golden = ROOT / "Tests" / "Golden"
    report = idinv.convert(
        tmp_path / "m.idinv",
        generator=golden / "res32" / "generator.pth",
        encoder=golden / "res32" / "encoder.pth",
        perceptual=golden / "perceptual" / "vgg_small.pth",
        truncation_psi=0.6,
        truncation_layers=4,
        licence="none",
    )
    assert report["path"] == str(tmp_path / "m.idinv") and len(report["sha256"]) == 64
    with idinv.Model.open(tmp_path / "m.idinv") as model:
        assert model.info.resolution == 32 and model.info.licence == "none"
        assert model.info.sources[0]["file"] == "generator.pth"
    recognized = idinv.convert(
        tmp_path / "r.idinv", golden / "res32" / "encoder.pth", golden / "res32" / "generator.pth", weights="f32"
    )
    assert {source["part"] for source in recognized["sources"]} == {"generator", "encoder"}


def test_errors(model: idinv.Model, faces: list[Path], tmp_path: Path) -> None:
    with pytest.raises(idinv.MissingFileError) as missing:
        idinv.Model.open("/no/such.idinv")
    assert missing.value.path == "/no/such.idinv" and "/no/such.idinv" in missing.value.reason
    assert missing.value.status == 66 and isinstance(missing.value, FileNotFoundError)
    with pytest.raises(idinv.BadDataError) as bad:
        idinv.Model.open(faces[0])
    assert bad.value.path == os.fspath(faces[0])
    with pytest.raises(idinv.InputOutputError):
        idinv.write_image(np.zeros((4, 4, 3), np.uint8), "/no/such/folder/x.png")
    with pytest.raises(idinv.InvalidArgumentError, match="this model"):
        model.synthesize(np.zeros((1, 2, 3), np.float32))
    with pytest.raises(idinv.BadDataError, match="finite"):
        model.synthesize(np.full((1, 10, 64), np.nan, np.float32))
    with pytest.raises(idinv.InvalidArgumentError, match="arithmetic"):
        idinv.Model.open(arithmetic="f64")
    with pytest.raises(idinv.BadDataError):
        idinv.convert(tmp_path / "m.idinv", generator=faces[0])
    assert not (tmp_path / "m.idinv").exists()
    closed = idinv.Model.open(ROOT / "models" / "default.idinv")
    closed.close()
    with pytest.raises(idinv.InvalidArgumentError, match="closed"):
        closed.encode(faces[0])


def test_a_picture_is_not_written_under_the_name_of_another_format(tmp_path: Path) -> None:
    for name in ["x.jpg", "x.WEBP"]:
        with pytest.raises(idinv.InvalidArgumentError, match=r"expected a name ending in \.png"):
            idinv.write_image(np.zeros((4, 4, 3), np.uint8), tmp_path / name)
        assert not (tmp_path / name).exists()


def test_a_path_is_no_boundary(model: idinv.Model) -> None:
    with pytest.raises(idinv.InvalidArgumentError, match=r"Boundary\.read"):
        model.manipulate(model.sample([1]), "smile.npy", [0.3])  # type: ignore[arg-type]
