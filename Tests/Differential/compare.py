#!/usr/bin/env python3
"""Holds the program's readers against PyTorch, safetensors, NumPy and Pillow on mutated files.

    swift build -c release --package-path Tests/Fuzz --product reader
    python Tests/Differential/compare.py READER [FILES of each kind=10000] [SEED=1]

Whatever the program accepts, the reference must accept with the same values; what differs is counted and shown by example.
The references refuse and accept other things for good reasons; docs/TRUST.md lists what was found.
Needs torch, safetensors, numpy and pillow.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

SEEDS = Path(__file__).resolve().parent.parent / "Fuzz/Seeds"
warnings.simplefilter("ignore")


def flatten(value, name=""):
    """Tensors of a checkpoint by the program's names: keys joined by dots."""
    import torch

    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for key, inner in enumerate(value):
            yield from flatten(inner, f"{name}.{key}" if name else str(key))


def read_torch(path):
    import torch

    value = torch.load(path, weights_only=True, map_location="cpu")
    return {name: tensor.to(torch.float32).numpy() for name, tensor in flatten(value)}


def read_safetensors(path):
    import torch
    from safetensors.torch import load_file

    return {name: tensor.to(torch.float32).numpy() for name, tensor in load_file(path).items()}


def read_npy(path):
    # Without a limit NumPy would try to make whatever a header asks for.
    return {"": np.load(path, allow_pickle=False).astype(np.float32)}


def read_npz(path):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name].astype(np.float32) for name in archive.files if archive[name].dtype.kind in "fiub"}


def read_picture(path):
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        image.load()
        if image.mode not in ("RGB", "L", "1", "P") or "transparency" in image.info or image.info.get("icc_profile"):
            raise SkipError
        return {"": np.asarray(ImageOps.exif_transpose(image).convert("RGB"))}


class SkipError(Exception):
    """The reference means something else by such a file: alpha, depth, colors."""


KINDS = {
    "torch": ("checkpoint", ["checkpoint/tiny_zip.pth", "checkpoint/tiny_legacy.pth"], read_torch),
    "safetensors": ("checkpoint", ["checkpoint/types.safetensors"], read_safetensors),
    "npy": ("npy", ["matrix/little_f4.npy", "matrix/fortran.npy", "matrix/little_u1.npy", "matrix/version2.npy"], read_npy),
    "npz": ("checkpoint", ["checkpoint/stored.npz", "checkpoint/deflated.npz"], read_npz),
    "picture": (
        "picture",
        ["picture/rgb8.png", "picture/gray8.png", "picture/palette4.png", "picture/rgb8-adam7.png", "jpeg/420.jpg",
         "jpeg/progressive.jpg", "jpeg/gray.jpg", "jpeg/orientation-6.jpg"],
        read_picture,
    ),
}  # fmt: skip


def mutated(seed: bytes, dice: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(dice.choice([1, 1, 1, 2, 4])):
        place = dice.randrange(len(data))
        match dice.randrange(6):
            case 0 | 1:
                data[place] ^= 1 << dice.randrange(8)
            case 2:
                data[place] = dice.choice([0, 1, 0x7F, 0x80, 0xFF, 0x20, dice.randrange(256)])
            case 3:
                del data[place : place + dice.randrange(1, 9)]
            case 4:
                data[place:place] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 5)))
            case _:
                del data[max(1, place) :]
        if not data:
            break
    return bytes(data)


class Reader:
    def __init__(self, program: str):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, kind: str, path: str):
        self.process.stdin.write(f"{kind} {path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"compare: the reader ended at {path}")
        answer = json.loads(line)
        if not answer["isAccepted"]:
            return None
        raw = Path(path + ".values").read_bytes()
        values = np.frombuffer(raw, np.uint8 if kind == "picture" else "<f4")
        result, place = {}, 0
        for array in answer["arrays"]:
            count = int(np.prod(array["shape"], dtype=np.int64))
            result[array["name"]] = values[place : place + count].reshape(array["shape"])
            place += count
        return result


def difference(kind: str, ours: dict, theirs: dict) -> str | None:
    if set(ours) != set(theirs):
        return "other names"
    for name, values in ours.items():
        if values.shape != theirs[name].shape:
            return "another shape"
        if kind == "picture":
            # Decoders round their transforms differently.
            if np.abs(values.astype(int) - theirs[name].astype(int)).max(initial=0) > 3:
                return "other pixels"
        elif not np.array_equal(values, theirs[name], equal_nan=True):
            return "other values"
    return None


def compare(name: str, reader: Reader, count: int, dice: random.Random, folder: Path) -> int:
    kind, names, reference = KINDS[name]
    seeds = [(SEEDS / path).read_bytes() for path in names]
    counts, examples = Counter(), {}
    for number in range(count):
        path = str(folder / "file")
        data = mutated(dice.choice(seeds), dice)
        Path(path).write_bytes(data)
        ours = reader.read(kind, path)
        try:
            theirs, reason = reference(path), ""
        except SkipError:
            counts["not comparable"] += 1
            continue
        except Exception as error:  # noqa: BLE001 - references raise whatever comes
            theirs, reason = None, f"{type(error).__name__}: {str(error)[:90]}"
        if ours is None or theirs is None:
            outcome = "both refuse" if ours is None and theirs is None else "only we refuse" if ours is None else "ONLY WE ACCEPT"
        else:
            what = difference(kind, ours, theirs)
            outcome = "same" if what is None else f"BOTH ACCEPT, {what}"
        counts[outcome] += 1
        if outcome.isupper() or outcome.startswith(("ONLY", "BOTH ")):
            examples.setdefault((outcome, reason.split("\n")[0]), []).append(number)
            keep = os.environ.get("IDINV_KEEP")
            if keep and len(examples[outcome, reason.split("\n")[0]]) <= 3:
                (Path(keep) / f"{name}-{number}").write_bytes(data)
    print(f"{name}: {count} files; " + ", ".join(f"{text} {counts[text]}" for text in sorted(counts)), flush=True)
    for (outcome, reason), numbers in sorted(examples.items(), key=lambda item: -len(item[1])):
        print(f"  {len(numbers)} x {outcome}: {reason or '-'} (file {numbers[0]})", flush=True)
    return sum(value for text, value in counts.items() if text.startswith(("ONLY", "BOTH ")))


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        reader = Reader(sys.argv[1])
        for name in KINDS:
            compare(name, reader, count, random.Random(f"{name} {seed}"), Path(folder))


if __name__ == "__main__":
    main()
