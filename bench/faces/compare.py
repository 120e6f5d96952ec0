"""Compares `idinv-lite detect` with facenet-pytorch's MTCNN: the same weights, thresholds and photographs.

    python bench/faces/compare.py --program .build/release/idinv-lite --work /tmp/faces [--threads 2] [--times]

Photographs are those that scikit-image, SciPy and scikit-learn ship, and montages, turns and scalings of them. facenet-pytorch
2.6.0 is taken out of its wheel (`pip download --no-deps facenet-pytorch==2.6.0`), which is looked for in WORK/wheel; the two
functions of torchvision that it uses are replaced by the same in PyTorch. With OpenCV 4 installed, its Haar cascade is timed too.
Exits with 1 where faces, boxes (1 px), landmarks (1 px) or probabilities (1e-3) differ.
"""

import argparse
import importlib
import json
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import torch
from PIL import Image


def stub_torchvision() -> None:
    def nms(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
        order = scores.argsort(descending=True, stable=True).tolist()
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        kept = []
        while order:
            best = order.pop(0)
            kept.append(best)
            rest = torch.tensor(order, dtype=torch.long)
            low = torch.maximum(boxes[best, :2], boxes[rest, :2])
            high = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
            common = (high - low).clamp(min=0).prod(1)
            order = rest[common / (area[best] + area[rest] - common) <= threshold].tolist()
        return torch.tensor(kept, dtype=torch.long)

    def batched_nms(boxes: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor, threshold: float) -> torch.Tensor:
        return nms(boxes, scores, threshold)  # one photograph at a time: one group

    names = ["torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.ops"]
    modules = {name: types.ModuleType(name) for name in [*names, "torchvision.ops.boxes"]}
    modules["torchvision.ops.boxes"].batched_nms = batched_nms
    modules["torchvision.transforms"].functional = modules["torchvision.transforms.functional"]
    modules["torchvision"].transforms = modules["torchvision.transforms"]
    sys.modules.update(modules)


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


def compare(ours: list[dict], boxes: np.ndarray, scores: np.ndarray, points: np.ndarray) -> tuple[str, list[float]]:
    if len(ours) != len(boxes):
        return f"{len(ours)} faces, expected {len(boxes)}", []
    worst = [0.0, 0.0, 0.0]
    taken: set[int] = set()
    for face in ours:
        x, y, w, h = face["box"]
        corners = np.array([x, y, x + w, y + h])
        best = int(np.abs(boxes - corners).max(1).argmin())
        if best in taken:
            return "two faces for one", []
        taken.add(best)
        worst[0] = max(worst[0], float(np.abs(boxes[best] - corners).max()))
        worst[1] = max(worst[1], float(np.abs(points[best] - np.array(face["landmarks"])).max()))
        worst[2] = max(worst[2], abs(float(scores[best]) - face["score"]))
    ok = worst[0] <= 1 and worst[1] <= 1 and worst[2] <= 1e-3
    return "" if ok else f"box {worst[0]:.3f} px, landmarks {worst[1]:.3f} px, probability {worst[2]:.5f}", worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--times", action="store_true", help="time both, in turns")
    arguments = parser.parse_args()
    stub_torchvision()
    sys.path.insert(0, str(arguments.work / "wheel"))
    torch.set_num_threads(arguments.threads)
    package = types.ModuleType("facenet_pytorch")
    package.__path__ = [str(arguments.work / "wheel" / "facenet_pytorch")]
    sys.modules["facenet_pytorch"] = package
    mtcnn = importlib.import_module("facenet_pytorch.models.mtcnn").MTCNN(keep_all=True, device="cpu")
    detector = arguments.work / "faces.idinv"
    data = arguments.work / "wheel" / "facenet_pytorch" / "data"
    subprocess.run(
        [arguments.program, "convert", "--detector", data, "-o", detector, "--weights", "f32", "-q"], check=True
    )
    paths = photographs(arguments.work / "photographs")
    command = [arguments.program, "detect", *map(str, paths), "--detector", str(detector), "--json"]
    command += ["--threads", str(arguments.threads), "--compute", "f32"]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["images"]
    failures, faces, extremes = 0, 0, np.zeros(3)
    for path, entry in zip(paths, ours, strict=True):
        boxes, scores, points = mtcnn.detect(Image.open(path), landmarks=True)
        if boxes is None:
            boxes, scores, points = np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2))
        problem, worst = compare(entry["faces"], boxes, scores, points)
        failures += bool(problem)
        faces += len(boxes)
        if worst:
            extremes = np.maximum(extremes, worst)
        print(f"{path.name:28} {len(boxes)} faces  {problem or 'the same'}")
    print(f"{len(paths)} photographs, {faces} faces, {failures} differ; at most {extremes[0]:.4f} px of a box,", end=" ")
    print(f"{extremes[1]:.4f} px of a landmark, {extremes[2]:.6f} of a probability")
    if arguments.times:
        times(arguments, mtcnn, detector)
    return 1 if failures else 0


def times(arguments: argparse.Namespace, mtcnn: object, detector: Path) -> None:
    """Milliseconds per megapixel: the program's own time for ten copies less that for one, beside facenet-pytorch."""
    path = arguments.work / "photographs" / "astronaut-1500.png"
    picture = Image.open(path)
    megapixels = picture.width * picture.height / 1e6
    command = [arguments.program, "detect", "--detector", str(detector), "--json", "--threads", str(arguments.threads)]

    def ours(count: int) -> float:
        began = time.perf_counter()
        subprocess.run([*command, *[str(path)] * count], check=True, capture_output=True)
        return time.perf_counter() - began

    rows: dict[str, list[float]] = {"idinv-lite (reading included)": [], "facenet-pytorch": []}
    try:
        import cv2

        cv2.setNumThreads(arguments.threads)
        cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        gray = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2GRAY)
        rows["OpenCV, Haar cascade"] = []
    except (ImportError, AttributeError):  # OpenCV 5 has no cascades
        cv2 = None
    for _ in range(5):
        rows["idinv-lite (reading included)"].append((ours(6) - ours(1)) / 5)
        began = time.perf_counter()
        mtcnn.detect(picture, landmarks=True)
        rows["facenet-pytorch"].append(time.perf_counter() - began)
        if cv2:
            began = time.perf_counter()
            cascade.detectMultiScale(gray, minSize=(20, 20))
            rows["OpenCV, Haar cascade"].append(time.perf_counter() - began)
    for name, values in rows.items():
        print(f"{name:32} {np.median(values) / megapixels * 1000:8.1f} ms per megapixel")


if __name__ == "__main__":
    sys.exit(main())
