"""Photographs that Python packages ship, and montages, turns and scalings of them; and the detector that finds the faces."""

import subprocess
from pathlib import Path

import numpy as np
from PIL import Image


def detector_file(program: str, work: Path) -> Path:
    """Converts the weights of facenet-pytorch's wheel, unpacked in WORK/wheel."""
    path = work / "faces.idinv"
    weights = work / "wheel" / "facenet_pytorch" / "data"
    subprocess.run([program, "convert", "--detector", weights, "-o", path, "--weights", "f32", "-q"], check=True)
    return path


def photographs(folder: Path) -> list[Path]:
    import scipy.datasets  # noqa: F401  (only what is installed is used)
    from skimage import data, transform

    folder.mkdir(parents=True, exist_ok=True)
    base = {}
    for name in ["astronaut", "coffee", "chelsea", "rocket", "camera", "cat", "skin", "hubble_deep_field"]:
        try:
            picture = getattr(data, name)()
        except Exception:  # not shipped, but fetched: left out
            continue
        base[name] = picture if picture.ndim == 3 else np.stack([picture] * 3, -1)
    try:
        from sklearn.datasets import load_sample_images

        for name, picture in zip(["china", "flower"], load_sample_images().images, strict=True):
            base[name] = picture
    except ImportError:
        pass
    face = base["astronaut"]
    made = dict(base)
    for size in [96, 128, 200, 300, 400, 700, 1000, 1500]:
        made[f"astronaut-{size}"] = np.asarray(Image.fromarray(face).resize((size, size), Image.Resampling.LANCZOS))
    for angle in [-40, -25, -12, -5, 5, 12, 25, 40]:
        made[f"astronaut-turned{angle}"] = (transform.rotate(face, angle, resize=True) * 255).astype("uint8")
    made["astronaut-mirrored"] = face[:, ::-1]
    made["astronaut-dark"] = (face * 0.3).astype("uint8")
    made["astronaut-wide"] = np.asarray(Image.fromarray(face).resize((700, 512)))
    made["astronaut-noise"] = (face + np.random.default_rng(1).normal(0, 25, face.shape)).clip(0, 255).astype("uint8")
    made["astronaut-crop"] = face[:230, 120:330]
    rng = np.random.default_rng(2)
    for index in range(6):
        canvas = np.asarray(Image.fromarray(base["coffee"]).resize((900, 600))).copy()
        for _ in range(4):
            side = int(rng.integers(90, 260))
            y, x = int(rng.integers(0, 600 - side)), int(rng.integers(0, 900 - side))
            canvas[y : y + side, x : x + side] = np.asarray(
                Image.fromarray(np.ascontiguousarray(face[:240, 100:340])).resize((side, side))
            )
        made[f"montage-{index}"] = canvas
    paths = []
    for name, picture in made.items():
        path = folder / f"{name}.png"
        Image.fromarray(np.ascontiguousarray(picture)).convert("RGB").save(path)
        paths.append(path)
    return paths
