"""Pictures in all forms give the same codes."""

from __future__ import annotations

from pathlib import Path

import idinv_lite as idinv
import numpy as np
import pytest


def test_forms(model: idinv.Model, faces: list[Path]) -> None:
    expected = model.encode(faces[0])
    pixels = idinv.read_image(faces[0])
    forms = [
        str(faces[0]),
        [faces[0]],
        pixels,
        pixels[None],
        pixels.transpose(2, 0, 1),
        (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1),
        (pixels / 127.5 - 1).transpose(2, 0, 1)[None],
        pixels[:, ::-1][:, ::-1],
    ]
    for form in forms:
        assert np.array_equal(model.encode(form), expected)
    image = pytest.importorskip("PIL.Image")
    assert np.array_equal(model.encode(image.open(faces[0])), expected)
    assert np.array_equal(model.encode([image.open(faces[0]).convert("RGBA")]), expected)


def test_tensors(model: idinv.Model, faces: list[Path]) -> None:
    torch = pytest.importorskip("torch")
    expected = model.encode(faces[0])
    pixels = torch.from_numpy(idinv.read_image(faces[0]))
    planar = pixels.permute(2, 0, 1)
    for tensor in (pixels, planar, planar[None], (planar.float() / 127.5 - 1).requires_grad_()):
        assert np.array_equal(model.encode(tensor), expected)
    codes = torch.from_numpy(expected)
    assert np.array_equal(model.synthesize(codes.requires_grad_()), model.synthesize(expected))

    class OnlyDLPack:
        def __dlpack__(self, **options: object) -> object:
            return pixels.numpy().__dlpack__(**options)

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

    assert np.array_equal(model.encode(OnlyDLPack()), expected)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.int32), np.zeros((0, 4, 3)),
     np.full((3, 4, 4), 2.0), np.full((3, 4, 4), np.nan), 7, [7]],
)  # fmt: skip
def test_bad_images(model: idinv.Model, image: object) -> None:
    with pytest.raises(idinv.IdinvError):
        model.encode(image)


def test_missing_and_foreign_files(model: idinv.Model, tmp_path: Path) -> None:
    with pytest.raises(idinv.MissingFileError) as missing:
        model.encode(tmp_path / "no.png")
    assert missing.value.path == str(tmp_path / "no.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(idinv.BadDataError):
        model.encode(tmp_path / "text.png")
