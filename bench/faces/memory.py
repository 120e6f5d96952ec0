"""Measures the peak memory of `edit` on large photographs, as /usr/bin/time -v does.

    python bench/faces/memory.py --program .build/release/idinv-lite --work /tmp/large [--megapixels 12 108]

Makes photographs of a given size out of the one in models/photos: JPEG of 4:2:0 and 4:4:4, stored as they are seen and as telephones
store them (EXIF orientation 6), progressive, and PNG. Exits with 1 where 12 megapixels take 150 MB or more, or 108 megapixels 400 MB.
"""

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[2]
BARS = {12: 150, 108: 400}


def noisy(picture: Image.Image) -> Image.Image:
    """With the noise of a sensor, so that files are as large as those of cameras."""
    import numpy as np

    generator = np.random.default_rng(1)
    pixels = np.array(picture)
    for row in range(0, len(pixels), 256):
        band = pixels[row : row + 256]
        noise = generator.integers(-6, 7, band.shape, dtype=np.int16)
        pixels[row : row + 256] = (band + noise).clip(0, 255)
    return Image.fromarray(pixels)


def photographs_of_another_process(megapixels: int, folder: Path) -> list[tuple[str, Path]]:
    """A process that is started begins with its parent's memory for its peak: the photographs are made elsewhere."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(photographs, (megapixels, folder))


def photographs(megapixels: int, folder: Path) -> list[tuple[str, Path]]:
    Image.MAX_IMAGE_PIXELS = None
    folder.mkdir(parents=True, exist_ok=True)
    small = ImageOps.exif_transpose(Image.open(ROOT / "models/photos/holiday.jpg")).convert("RGB")
    points = [float(word) for word in (ROOT / "models/photos/holiday.txt").read_text().split()]
    scale = (megapixels * 1e6 / (small.width * small.height)) ** 0.5
    picture = small.resize((round(small.width * scale), round(small.height * scale)), Image.Resampling.BICUBIC)
    picture = noisy(picture)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    kinds = [
        ("JPEG 4:2:0", picture, "420.jpg", {"quality": 90, "subsampling": 2}),
        ("JPEG 4:4:4", picture, "444.jpg", {"quality": 90, "subsampling": 0}),
        ("JPEG 4:2:0, held upright", turned, "turned.jpg", {"quality": 90, "subsampling": 2, "exif": exif}),
        ("JPEG 4:2:0, progressive", picture, "progressive.jpg", {"quality": 90, "subsampling": 2, "progressive": True}),
        ("PNG", picture, "plain.png", {"compress_level": 1}),
    ]
    made = []
    for name, image, ending, options in kinds:
        path = folder / f"{megapixels}-{ending}"
        if not path.exists():
            image.save(path, **options)
        text = " ".join(str((value + 0.5) * scale - 0.5) for value in points)
        path.with_suffix(".txt").write_text(text)
        made.append((name, path))
    return made


def peak(command: list[str]) -> tuple[float, float, int]:
    """Megabytes, seconds, exit code."""
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    return usage.ru_maxrss / 1024, time.perf_counter() - began, os.waitstatus_to_exitcode(status)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--megapixels", type=int, nargs="+", default=[12, 108])
    arguments = parser.parse_args()
    failures = 0
    print(f"{'megapixels':>10} {'kind':28} {'MB':>6} {'seconds':>8}")
    for megapixels in arguments.megapixels:
        for name, path in photographs_of_another_process(megapixels, arguments.work):
            command = [arguments.program, "edit", str(path), "--model", str(ROOT / "models/default.idinv")]
            command += ["--boundary", str(ROOT / "models/boundaries/smile.npy"), "--alpha", "0.5"]
            command += ["-o", str(arguments.work / f"out{path.suffix}"), "-q"]
            megabytes, seconds, code = peak(command)
            # Of a progressive file libjpeg keeps all coefficients, 2 bytes each.
            bar = BARS.get(megapixels) if "progressive" not in name else None
            failures += code != 0 or bar is not None and megabytes >= bar
            print(f"{megapixels:10} {name:28} {megabytes:6.0f} {seconds:8.1f}" + (f"  exit code {code}" if code else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
