"""Command line.

    python -m idinv_training encoder --generator G.pth --images FOLDER --out RUN     # your own images: `own/command.py`
    python -m idinv_training gan --images FOLDER --out RUN

The project's own model:

    python -m idinv_training all --preset cpu-small --run runs/small
    python -m idinv_training lesson --preset cpu-small --run runs/small --resume

Stages: pool, judge, features, lesson, gan, encoder, export, in this order; each reads what the ones before it left in the run
folder. `all` runs them one after the other; with `--resume` it skips those that are complete and continues an interrupted one.
`pool --share I/N` renders every N-th part of the images, for N processes. `snapshot` takes the averaged generator of an
unfinished `lesson` for a finished one, to try the later stages early.
`import` takes the networks of a model file for those of this run, to go on from them.
`deviation` compares scales of the codes, from which `code_deviation` of the preset was chosen.
`images` writes `--count` held-out images and their attributes into `held-out` of the run folder.
`reading` prints how well the judge reads `--count` fresh renders, and what it finds of each attribute in the generator.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from .config import PRESETS
from .deliver import deliver
from .loop import stop_on_signals

STAGES = ("pool", "judge", "features", "lesson", "gan", "encoder", "export")


def _share(text: str) -> tuple[int, int]:
    """"I/N" to (I, N), 0 <= I < N."""
    turn, _, count = text.partition("/")
    if not (turn.isdecimal() and count.isdecimal() and int(turn) < int(count)):
        raise argparse.ArgumentTypeError(f"expected I/N, I from 0 to N - 1, found '{text}'")
    return int(turn), int(count)


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] in (["encoder"], ["gan"]) and any(word.split("=")[0] in ("--images", "--out") for word in arguments):
        from .own import command
        command.main(arguments)
        return
    parser = argparse.ArgumentParser(prog="idinv_training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("all", *STAGES, "snapshot", "import", "deviation", "images", "reading"))
    parser.add_argument("--preset", choices=PRESETS, default="cpu-small")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--start", type=Path, help="folder of another run, whose networks the stages start from")
    parser.add_argument("--model", type=Path, nargs="+",
                        help="of the stage `import`: the .idinv files whose networks the run takes over, the one with the generator first")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, help="time limit of each stage, instead of the preset's")
    parser.add_argument("--steps", type=int, help="limit of each stage in images, instead of the preset's images and minutes")
    parser.add_argument("--adversarial", type=float, metavar="WEIGHT",
                        help="of the adversarial term of the guided encoder, instead of the preset's; 0 leaves it out")
    parser.add_argument("--time-limit", type=float, metavar="MINUTES",
                        help="of the stages of `all` together, which share it; ends cleanly, with an export")
    parser.add_argument("--deliver", type=Path, help="folder for what is worth keeping: at most 8 files of 16 MB")
    parser.add_argument("--share", type=_share, default="0/1", metavar="I/N", help="of the stage `pool`: which of how many processes")
    parser.add_argument("--face-seed", type=int, help="of the stages `images` (fresh faces, into `fresh-SEED`) and `reading`")
    parser.add_argument("--count", type=int, default=100, help="of the stages `images` and `reading`")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    from .pipeline import Pipeline
    stop_on_signals()
    deadline = time.monotonic() + 60 * args.time_limit if args.time_limit else None
    preset = PRESETS[args.preset]
    if args.steps is not None:
        preset = preset.up_to(args.steps)
    if args.minutes is not None:
        preset = preset.within(args.minutes)
    if args.adversarial is not None:
        preset = replace(preset, encoder=replace(preset.encoder, adversarial_weight=args.adversarial))
    pipeline = Pipeline(preset, args.run, args.device, args.resume, args.start)
    if args.stage == "pool":
        pipeline.pool(args.share)
        return
    if args.stage == "images":
        pipeline.images(args.count, args.face_seed)
        return
    if args.stage == "reading":
        pipeline.reading(args.count, args.face_seed)
        return
    if args.stage == "import":
        if args.model is None:
            parser.error("import: give --model")
        pipeline.take_over(args.model[0], args.model[1:])
        return
    for stage in STAGES if args.stage == "all" else (args.stage,):
        if args.stage == "all" and args.resume and pipeline.complete(stage):
            continue
        if deadline and (minutes := preset.minutes_of(stage, (deadline - time.monotonic()) / 60)) is not None:
            pipeline.preset = preset.within(max(0.02, minutes))
        getattr(pipeline, stage)()
    if args.deliver:
        for path in deliver(args.run, args.deliver):
            print(f"{path}: {path.stat().st_size / 2 ** 20:.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
