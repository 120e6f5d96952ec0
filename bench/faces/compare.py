"""Compares `idinv-lite detect` with facenet-pytorch's MTCNN: the same weights, thresholds and photographs.

    python bench/faces/compare.py --program .build/release/idinv-lite --work /tmp/faces [--threads 2] [--times]

Photographs are those that scikit-image, SciPy and scikit-learn ship, and montages, turns and scalings of them. facenet-pytorch
2.6.0 is taken out of its wheel, unpacked in WORK/wheel (`pip download --no-deps facenet-pytorch==2.6.0`); the two functions of
torchvision that it uses are replaced by the same in PyTorch. OpenCV's detectors are timed too: the Haar cascade that OpenCV 4 ships
(`pip install opencv-python-headless==4.12.0.88`; OpenCV 5 has none), and YuNet where `--yunet` names its weights, which OpenCV does
not ship.
Exits with 1 where faces, boxes (1 px), landmarks (1 px) or probabilities (1e-3) differ.
"""

import argparse
import importlib
import json
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from photographs import detector_file, photographs
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
    parser.add_argument("--yunet", type=Path, help="face_detection_yunet_*.onnx of OpenCV's model zoo, to be timed")
    parser.add_argument("--times", action="store_true", help="time both, in turns")
    arguments = parser.parse_args()
    stub_torchvision()
    sys.path.insert(0, str(arguments.work / "wheel"))
    torch.set_num_threads(arguments.threads)
    package = types.ModuleType("facenet_pytorch")
    package.__path__ = [str(arguments.work / "wheel" / "facenet_pytorch")]
    sys.modules["facenet_pytorch"] = package
    mtcnn = importlib.import_module("facenet_pytorch.models.mtcnn").MTCNN(keep_all=True, device="cpu")
    detector = detector_file(arguments.program, arguments.work)
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


def opencv_detectors(arguments: argparse.Namespace, picture: np.ndarray) -> dict[str, Callable[[], object]]:
    try:
        import cv2
    except ImportError:
        print("OpenCV is not installed: not timed")
        return {}
    cv2.setNumThreads(arguments.threads)
    found: dict[str, Callable[[], object]] = {}
    if hasattr(cv2, "CascadeClassifier"):
        cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        found["OpenCV, Haar cascade"] = lambda: cascade.detectMultiScale(gray, minSize=(20, 20))
    if arguments.yunet:
        colors = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        yunet = cv2.FaceDetectorYN.create(str(arguments.yunet), "", (picture.shape[1], picture.shape[0]))
        found["OpenCV, YuNet"] = lambda: yunet.detect(colors)
    return found


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

    def seconds(call: Callable[[], object]) -> float:
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    rivals: dict[str, Callable[[], object]] = {"facenet-pytorch": lambda: mtcnn.detect(picture, landmarks=True)}
    rivals |= opencv_detectors(arguments, np.asarray(picture))
    rows: dict[str, list[float]] = {"idinv-lite (reading included)": [], **{name: [] for name in rivals}}
    for _ in range(5):
        rows["idinv-lite (reading included)"].append((ours(6) - ours(1)) / 5)
        for name, call in rivals.items():
            rows[name].append(seconds(call))
    for name, values in rows.items():
        print(f"{name:32} {np.median(values) / megapixels * 1000:8.1f} ms per megapixel")


if __name__ == "__main__":
    sys.exit(main())
