"""Shows that edited faces are put back without a seam: what an edit adds to a photograph has no step at the edge of the face's square.

    python bench/faces/seams.py --program .build/release/idinv-lite --work /tmp/faces [--keep]

Edits all faces of the photographs of `compare.py` (WORK/wheel as there) with the shipped model, in all blends. The step is the
difference of the change, result minus photograph, between neighboring pixels of which one lies inside of the square and one outside, in
levels of 255. Exits with 1 where a step of `feather`, the default, is larger than BOUND, or a pixel outside of the squares has changed.
`poisson` keeps more of an edit near the edges, at the price of steps in its details; `none` shows what a seam would be.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from photographs import detector_file, photographs
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BOUND = 2
BLENDS = [("feather", True), ("poisson", True), ("feather", False), ("poisson", False), ("none", True), ("none", False)]


def square(landmarks: list[list[float]], height: int, width: int) -> np.ndarray:
    """Distance of each pixel from the edge of the face's square in pixels, positive inside."""
    left_eye, right_eye, left_mouth, right_mouth = (np.array(point) for point in landmarks)
    eyes, across = (left_eye + right_eye) / 2, right_eye - left_eye
    down = (left_mouth + right_mouth) / 2 - eyes
    axis = across + np.array([down[1], -down[0]])
    axis *= max(np.linalg.norm(across) * 2, np.linalg.norm(down) * 1.8) / np.linalg.norm(axis)
    half = np.linalg.norm(axis)
    y, x = np.mgrid[:height, :width]
    offset = np.stack([x, y], -1) - (eyes + down * 0.1)
    along, beside = offset @ axis / half, offset @ np.array([-axis[1], axis[0]]) / half
    return half - np.maximum(abs(along), abs(beside))


def steps(before: np.ndarray, after: np.ndarray, distances: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """Steps of the change at the squares' edges; and how many pixels outside of all squares have changed."""
    change = after.astype(int) - before
    inside = np.max(distances, axis=0)
    # Where two squares overlap, the one's change has steps of its own at the other's edge.
    overlaps = sum((distance > -2).astype(int) for distance in distances) > 1
    found = []
    for axis in (0, 1):
        step = abs(np.diff(change, axis=axis)).max(-1)
        first, second = (slice(None, -1), slice(1, None)) if axis == 0 else ((slice(None), slice(None, -1)), (slice(None), slice(1, None)))
        crossing = (inside[first] > 0) != (inside[second] > 0)
        found.append(step[crossing & ~overlaps[first] & ~overlaps[second]])
    return np.concatenate(found), int(np.count_nonzero(change.any(-1) & (inside < -1)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--boundary", type=Path, default=ROOT / "models/boundaries/glasses.npy")
    parser.add_argument("--alpha", default="1.5")
    parser.add_argument("--keep", action="store_true", help="keep the edited photographs in WORK/seams, to be looked at")
    arguments = parser.parse_args()
    detector = detector_file(arguments.program, arguments.work)
    paths = photographs(arguments.work / "photographs")
    worst = 0
    print(f"{'blend':10} {'detail':8} {'photos':>6} {'faces':>6} {'changed by':>11} {'largest step':>13} {'99.9 %':>7}")
    for blend, keeps in BLENDS:
        out = arguments.work / "seams" / f"{blend}-{'kept' if keeps else 'replaced'}"
        shutil.rmtree(out, ignore_errors=True)
        command = [arguments.program, "edit", *map(str, paths), "--detector", str(detector), "--face", "all", "--format", "png"]
        command += ["--model", str(ROOT / "models/default.idinv"), "--boundary", str(arguments.boundary)]
        command += ["--alpha", arguments.alpha, "--iterations", "20", "--blend", blend, "-o", str(out), "-q"]
        command += [] if keeps else ["--no-keep-detail"]
        # Exit code 65: photographs without a face are left out.
        status = subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode
        if status not in (0, 65):
            print(f"edit failed with {status}", file=sys.stderr)
            return 1
        photos = json.loads((out / "edit.json").read_text())["photos"]
        all_steps, strays, changes = [], 0, []
        for photo in photos:
            before = np.asarray(Image.open(photo["path"]))
            after = np.asarray(Image.open(photo["outputs"][0]["path"]))
            distances = [square(face["landmarks"], *before.shape[:2]) for face in photo["faces"]]
            found, stray = steps(before, after, distances)
            all_steps.append(found)
            strays += stray
            changes.append(abs(after.astype(int) - before)[np.max(distances, axis=0) > 0].mean())
        joined = np.concatenate(all_steps)
        faces = sum(len(photo["faces"]) for photo in photos)
        print(f"{blend:10} {'kept' if keeps else 'replaced':8} {len(photos):6} {faces:6} {np.mean(changes):11.1f} "
              f"{joined.max():13} {np.percentile(joined, 99.9):7.1f}")
        if strays:
            print(f"{strays} pixels outside of the squares have changed", file=sys.stderr)
            return 1
        if blend == "feather":
            worst = max(worst, int(joined.max()))
        if not arguments.keep:
            shutil.rmtree(out)
    print(f"bound: {BOUND} levels; largest step of feather: {worst}")
    return 1 if worst > BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
