"""Writes detector/: a small MTCNN of random weights, as facenet-pytorch stores one, a picture, and what the published cascade
finds in it (Zhang et al., 2016; pyramid, suppression and corrections as in facenet-pytorch's detect_face).

    python make_detector.py         (PyTorch, NumPy and Pillow)
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

out = Path(__file__).parent / "detector"
P, R, OUTPUT = [4, 6, 8], [6, 8, 8, 12], [6, 8, 10, 12, 16]
THRESHOLDS = (0.62, 0.55, 0.55)


def weights(generator: torch.Generator) -> tuple[dict, dict, dict]:
    def normal(*shape: int) -> torch.Tensor:
        fan = math.prod(shape[1:])
        return torch.randn(shape, generator=generator) * math.sqrt(2 / fan)

    def stage(channels: list[int], kernels: list[int], heads: list[tuple[str, int]], dense: str) -> dict:
        state, inputs = {}, 3
        for index, (outputs, kernel) in enumerate(zip(channels, kernels, strict=True), 1):
            name = dense if kernel == 0 else f"conv{index}"
            shape = (outputs, inputs * 9) if kernel == 0 else (outputs, inputs, kernel, kernel)
            state[f"{name}.weight"] = normal(*shape)
            state[f"{name}.bias"] = torch.randn(outputs, generator=generator) * 0.1
            state[f"prelu{index}.weight"] = torch.randn(outputs, generator=generator) * 0.3
            inputs = outputs
        for name, count in heads:
            shape = (count, inputs) if dense else (count, inputs, 1, 1)
            scale = 1.0 if count == 2 else 0.1
            state[f"{name}.weight"] = normal(*shape) * scale
            state[f"{name}.bias"] = torch.randn(count, generator=generator) * 0.1
        return state

    return (
        stage(P, [3, 3, 3], [("conv4_1", 2), ("conv4_2", 4)], ""),
        stage(R, [3, 3, 2, 0], [("dense5_1", 2), ("dense5_2", 4)], "dense4"),
        stage(OUTPUT, [3, 3, 3, 2, 0], [("dense6_1", 2), ("dense6_2", 4), ("dense6_3", 10)], "dense5"),
    )


def layer(state: dict, index: int, x: torch.Tensor) -> torch.Tensor:
    x = F.conv2d(x, state[f"conv{index}.weight"], state[f"conv{index}.bias"])
    return F.prelu(x, state[f"prelu{index}.weight"])


def pool(x: torch.Tensor, kernel: int) -> torch.Tensor:
    return F.max_pool2d(x, kernel, 2, ceil_mode=True)


def pnet(state: dict, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = pool(layer(state, 1, x), 2)
    x = layer(state, 3, layer(state, 2, x))
    scores = F.conv2d(x, state["conv4_1.weight"], state["conv4_1.bias"])
    return F.conv2d(x, state["conv4_2.weight"], state["conv4_2.bias"]), F.softmax(scores, 1)


def head(state: dict, x: torch.Tensor, dense: str, number: int, names: list[str]) -> list[torch.Tensor]:
    x = x.permute(0, 3, 2, 1).flatten(1)
    x = F.prelu(F.linear(x, state[f"{dense}.weight"], state[f"{dense}.bias"]), state[f"prelu{number}.weight"])
    return [F.linear(x, state[f"{n}.weight"], state[f"{n}.bias"]) for n in names]


def rnet(state: dict, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = layer(state, 3, pool(layer(state, 2, pool(layer(state, 1, x), 3)), 3))
    scores, box = head(state, x, "dense4", 4, ["dense5_1", "dense5_2"])
    return F.softmax(scores, 1)[:, 1], box


def onet(state: dict, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    x = pool(layer(state, 2, pool(layer(state, 1, x), 3)), 3)
    x = layer(state, 4, pool(layer(state, 3, x), 2))
    scores, box, points = head(state, x, "dense5", 5, ["dense6_1", "dense6_2", "dense6_3"])
    return F.softmax(scores, 1)[:, 1], box, points


def keep(boxes: np.ndarray, scores: np.ndarray, threshold: float, smaller: bool = False) -> list[int]:
    one = np.float32(1 if smaller else 0)
    area = (boxes[:, 2] - boxes[:, 0] + one) * (boxes[:, 3] - boxes[:, 1] + one)
    order, kept = list(np.argsort(-scores, kind="stable")), []
    while order:
        best = order.pop(0)
        kept.append(best)
        rest = np.array(order, dtype=int)
        low, high = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.maximum(0, high - low + one).prod(1)
        whole = np.minimum(area[best], area[rest]) if smaller else area[best] + area[rest] - common
        order = list(rest[common / whole <= threshold])
    return kept


def corrected(boxes: np.ndarray, moves: np.ndarray, one: int) -> np.ndarray:
    size = np.tile(boxes[:, 2:] - boxes[:, :2] + np.float32(one), 2)
    return boxes + moves * size


def squared(boxes: np.ndarray) -> np.ndarray:
    size = boxes[:, 2:] - boxes[:, :2]
    side = size.max(1, keepdims=True)
    low = boxes[:, :2] + size * np.float32(0.5) - side * np.float32(0.5)
    return np.concatenate([low, low + side], 1)


def crops(image: torch.Tensor, boxes: np.ndarray, side: int) -> torch.Tensor:
    height, width = image.shape[2:]
    cut = []
    for x1, y1, x2, y2 in np.trunc(boxes).astype(int):
        part = image[:, :, max(y1, 1) - 1 : min(y2, height), max(x1, 1) - 1 : min(x2, width)]
        cut.append(F.interpolate(part, size=(side, side), mode="area"))
    return (torch.cat(cut) - 127.5) * 0.0078125


def detect(picture: np.ndarray, states: tuple[dict, dict, dict]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
    height, width = image.shape[2:]
    scale, found = 12 / 20, []
    smallest = min(height, width) * scale
    while smallest >= 12:
        size = (int(height * scale + 1), int(width * scale + 1))
        moves, scores = pnet(states[0], (F.interpolate(image, size=size, mode="area") - 127.5) * 0.0078125)
        y, x = (scores[0, 1] >= THRESHOLDS[0]).nonzero(as_tuple=True)
        corner = torch.stack([x, y], 1).float()
        low, high = ((2 * corner + 1) / scale).floor(), ((2 * corner + 12) / scale).floor()
        rows = torch.cat([low, high, scores[0, 1, y, x][:, None], moves[0][:, y, x].T], 1).numpy()
        found.append(rows[keep(rows[:, :4], rows[:, 4], 0.5)])
        scale, smallest = scale * 0.709, smallest * 0.709
    rows = np.concatenate(found)
    rows = rows[keep(rows[:, :4], rows[:, 4], 0.7)]
    boxes = squared(corrected(rows[:, :4], rows[:, 5:], 0))
    print("proposals", len(boxes), end=" ")
    scores, moves = (t.numpy() for t in rnet(states[1], crops(image, boxes, 24)))
    chosen = scores > THRESHOLDS[1]
    boxes, scores, moves = boxes[chosen], scores[chosen], moves[chosen]
    kept = keep(boxes, scores, 0.7)
    boxes = squared(corrected(boxes[kept], moves[kept], 1))
    print("refined", len(boxes), end=" ")
    scores, moves, points = (t.numpy() for t in onet(states[2], crops(image, boxes, 48)))
    chosen = scores > THRESHOLDS[2]
    boxes, scores, moves, points = boxes[chosen], scores[chosen], moves[chosen], points[chosen]
    size = boxes[:, 2:] - boxes[:, :2] + np.float32(1)
    points = np.stack([points[:, :5], points[:, 5:]], 2) * size[:, None] + boxes[:, None, :2] - np.float32(1)
    boxes = corrected(boxes, moves, 1)
    kept = keep(boxes, scores, 0.7, smaller=True)
    print("faces", len(kept))
    return boxes[kept], scores[kept], points[kept]


def main() -> None:
    out.mkdir(exist_ok=True)
    y, x = np.mgrid[:157, :211].astype("float32")
    rng = np.random.default_rng(18)
    picture = np.stack([90 + 60 * np.sin(x / 17), 120 + 50 * np.cos(y / 13), 100 + 0.3 * x], -1)
    for _ in range(14):
        cx, cy, radius = rng.uniform(0, 211), rng.uniform(0, 157), rng.uniform(6, 40)
        picture[(x - cx) ** 2 + (y - cy) ** 2 < radius**2] = rng.uniform(0, 255, 3)
    picture = (picture + rng.normal(0, 6, picture.shape)).clip(0, 255).astype("uint8")
    with torch.no_grad():
        for seed in range(1000):
            states = weights(torch.Generator().manual_seed(seed))
            try:
                boxes, scores, points = detect(picture, states)
            except (RuntimeError, ValueError):
                continue
            if 5 <= len(boxes) <= 12:
                break
    for name, state in zip(("pnet", "rnet", "onet"), states, strict=True):
        torch.save(state, out / f"{name}.pt")
    Image.fromarray(picture).save(out / "picture.png")
    faces = [
        {"box": b.tolist(), "score": float(s), "points": p.tolist()}
        for b, s, p in zip(boxes, scores, points, strict=True)
    ]
    text = json.dumps({"thresholds": THRESHOLDS, "faces": faces}, indent=1)
    (out / "expected.json").write_text(text + "\n")


main()
