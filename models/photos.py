"""Writes photos/holiday.jpg and holiday.txt: a rendered face in a wider rendered scene, stored as a telephone held on end
stores a photograph (on its side, EXIF orientation 6), and the five points of the face. Ours, like all pictures here.

    python models/photos.py          (from anywhere; needs what models/training needs, and Pillow)
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

here = Path(__file__).parent
sys.path.insert(0, str(here / "training"))
from idinv_training.faces import NAMES, VIEW, render, sample_attributes  # noqa: E402

WIDTH, HEIGHT, SIDE, LEFT = 900, 1200, 520, 240


def face() -> tuple[np.ndarray, np.ndarray]:
    """The picture of a person, and how much of each pixel is person: what does not change with the background."""
    attributes = sample_attributes(1, seed=2041)
    chosen = {
        "yaw": 0.06, "pitch": 0.0, "light": 0.4, "skin": 0.35, "masculinity": 0.25, "age": 0.3, "smile": 0.15,
        "mouth_open": 0.0, "eye_open": 0.9, "iris": 0.6, "brow_raise": 0.1, "glasses": 0.0, "beard": 0.0,
        "hair_length": 0.5, "hair_volume": 0.5, "hair_colour": 0.45, "face_width": 0.0, "jaw": 0.0, "clothes": 0.7,
    }  # fmt: skip
    pair = attributes.repeat(2, 1)
    for name, value in chosen.items():
        pair[:, NAMES.index(name)] = value
    pair[:, NAMES.index("background")] = 0.5
    pair[:, NAMES.index("brightness")] = torch.tensor([0.0, 1.0])
    dark, light = (x.permute(1, 2, 0).numpy().astype(float) for x in render(pair, SIDE))
    change = (light - dark).mean(2)
    u = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * VIEW
    glow = 1.06 - 0.13 * (u[None] ** 2 + u[:, None] ** 2)  # the renderer's background, from which brightness takes up to a half
    cover = 1 - (change / (127.5 * glow)).clip(0, 1)
    return dark, cover[..., None]


def scene() -> np.ndarray:
    """Sky, with hills and a lake in haze below the face: the model knows plain backgrounds only."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    rng = np.random.default_rng(7)
    t = (y / HEIGHT)[..., None]
    picture = np.array([120.0, 170, 220]) * (1 - t) + np.array([225.0, 215, 190]) * t
    for level, color, height in [(0.84, (205, 205, 195), 60), (0.89, (200, 203, 190), 45), (0.94, (190, 198, 180), 30)]:
        ridge = HEIGHT * level + sum(
            height / k * np.sin(k * x[0] / 190 + rng.uniform(0, 6)) for k in range(1, 6)
        )
        mask = 1 / (1 + np.exp(((ridge - y) / 1.5).clip(max=50)))
        picture = picture * (1 - mask[..., None]) + np.array(color) * mask[..., None]
    lake = 1 / (1 + np.exp(((HEIGHT * 0.96 - y) / 2).clip(max=50)))
    water = np.array([190.0, 200, 190]) + 12 * np.sin(y / 7 + 3 * np.sin(x / 60))[..., None]
    picture = picture * (1 - lake[..., None]) + water * lake[..., None]
    picture += rng.normal(0, 3, (HEIGHT, WIDTH, 1))
    blurred = Image.fromarray(picture.clip(0, 255).astype("uint8")).filter(ImageFilter.GaussianBlur(2.5))
    return np.asarray(blurred).astype(float) + rng.normal(0, 2, picture.shape)


def main() -> None:
    person, cover = face()
    picture = scene()
    top = HEIGHT - SIDE
    part = picture[top:, LEFT : LEFT + SIDE]
    part[:] = part * (1 - cover) + person * cover
    photo = Image.fromarray(picture.clip(0, 255).astype("uint8"))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = photo.transpose(Image.Transpose.ROTATE_90)
    stored.save(here / "photos" / "holiday.jpg", quality=88, exif=exif, dpi=(72, 72))
    # Eyes, nose and corners of the mouth in the renderer's units: the view is 2.4 wide, y goes up.
    points = [(-0.295, 0.06), (0.295, 0.06), (0.0, -0.22), (-0.21, -0.53), (0.21, -0.53)]
    lines = [f"{LEFT + (x / 2.4 + 0.5) * SIDE:.1f} {top + (0.5 - y / 2.4) * SIDE:.1f}" for x, y in points]
    (here / "photos" / "holiday.txt").write_text("\n".join(lines) + "\n")


main()
