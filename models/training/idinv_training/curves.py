"""Curves of a run, drawn from its logs with nothing but Pillow."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

# (title, log, column, logarithmic)
PANELS = (
    ("judge: R2 on held-out renders", "judge", "r2", False),
    ("F: R2 on held-out renders", "features", "r2", False),
    ("lesson: squared error", "lesson", "pixel", True),
    ("lesson: Frechet distance", "lesson", "frechet", True),
    ("adversarial: Frechet distance", "gan", "frechet", True),
    ("conventional encoder: PSNR in dB", "encoder_conventional", "psnr", False),
    ("domain-guided encoder: PSNR in dB", "encoder", "psnr", False),
)
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 340, 220, 48, 26, 14, 30
INK, PALE, LINE = (40, 40, 40), (225, 225, 225), (30, 90, 180)


def read(folder: Path, stage: str, column: str) -> list[tuple[float, float, int | None]]:
    """(images, value, resolution) of each line of a log that has the column."""
    path = folder / f"{stage}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [(line["images"], line[column], line.get("resolution")) for line in lines if column in line]


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    if logarithmic:
        marks = [m * 10.0 ** e for e in range(-6, 7) for m in (1, 2, 5)]
        return [m for m in marks if low <= m <= high]
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    step = next(step * m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    first = math.ceil(low / step)
    return [step * k for k in range(first, int(high / step) + 1)]


def _panel(title: str, points: Sequence[tuple[float, float, int | None]], logarithmic: bool) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    draw.text((LEFT, 7), title, fill=INK)
    values = [v for _, v, _ in points]
    low, high = min(values), max(values)
    if logarithmic:
        low, high = low / 1.2, high * 1.2
    else:
        margin = 0.08 * (high - low) or 0.5
        low, high = low - margin, high + margin
    scale = math.log if logarithmic else float
    last = max(1, *(x for x, _, _ in points))
    at = lambda x, v: (LEFT + (WIDTH - LEFT - RIGHT) * x / last,
                       HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (scale(v) - scale(low)) / (scale(high) - scale(low)))
    for tick in _ticks(low, high, logarithmic):
        y = at(0, tick)[1]
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], fill=PALE)
        draw.text((LEFT - 4, y), f"{tick:.3g}", fill=INK, anchor="rm")
    draw.rectangle([LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM], outline=INK)
    draw.text((WIDTH - RIGHT, HEIGHT - BOTTOM + 6), f"{last:,.0f} images", fill=INK, anchor="ra")
    draw.text((LEFT, HEIGHT - BOTTOM + 6), "0", fill=INK)
    path = [at(x, v) for x, v, _ in points]
    draw.line(path, fill=LINE, width=2)
    for x, y in path:
        draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=LINE)
    for (x, _, before), (_, _, after) in zip(points, points[1:]):
        if before != after:  # growing
            x = at(x, low)[0]
            draw.line([(x, TOP), (x, HEIGHT - BOTTOM)], fill=(200, 120, 60))
            draw.text((x + 3, TOP + 3), f"{after} px", fill=(200, 120, 60))
    return picture


def draw_curves(folder: Path, path: Path) -> None:
    courses = [(title, read(folder, stage, column), logarithmic) for title, stage, column, logarithmic in PANELS]
    panels = [_panel(*course) for course in courses if course[1]]
    if not panels:
        return
    sheet = Image.new("RGB", (3 * WIDTH, -(-len(panels) // 3) * HEIGHT), (255, 255, 255))
    for i, panel in enumerate(panels):
        sheet.paste(panel, (i % 3 * WIDTH, i // 3 * HEIGHT))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)
