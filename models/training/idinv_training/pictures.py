"""PNG files from tensors."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def to_bytes(images: Tensor) -> Tensor:
    """[-1, 1] float to uint8, any shape."""
    return ((images.detach().float().cpu() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def grid(images: Tensor, columns: int) -> Tensor:
    """uint8 [N, 3, R, R] -> [rows*R, columns*R, 3], black where images run out."""
    n, c, h, w = images.shape
    rows = -(-n // columns)
    sheet = torch.zeros(rows * columns, c, h, w, dtype=torch.uint8)
    sheet[:n] = images.cpu()
    return sheet.view(rows, columns, c, h, w).permute(0, 3, 1, 4, 2).reshape(rows * h, columns * w, c)


def save_png(path: Path | str, images: Tensor, columns: int = 1, enlarge: int = 1) -> None:
    """Saves uint8 images [N, 3, R, R] as one sheet, each pixel repeated `enlarge` times."""
    picture = Image.fromarray(grid(images, columns).numpy())
    if enlarge > 1:
        picture = picture.resize((picture.width * enlarge, picture.height * enlarge), Image.Resampling.NEAREST)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)
