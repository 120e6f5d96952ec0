"""ncnn, in f32 or storing bf16, on what pnnx makes of the network. One image at a time: ncnn has no batch."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest.mock

import numpy

from . import Task, Unavailable
from .timing import timed


def shifted(images: numpy.ndarray) -> numpy.ndarray:
    """RGB in [-1, 1] -> what VGG's first convolution reads: BGR in [0, 255] less the mean."""
    mean = numpy.array([103.939, 116.779, 123.68], "float32").reshape(1, 3, 1, 1)
    return (images[:, ::-1] + 1) * numpy.float32(127.5) - mean


def exported(task: Task) -> tuple[pathlib.Path, pathlib.Path]:
    """`NETWORK.ncnn.param` and `.bin`, made once per checkpoint."""
    parameters, weights = (task.folder / f"{task.network}.ncnn.{kind}" for kind in ("param", "bin"))
    if parameters.exists() and weights.exists():
        return parameters, weights
    import torch

    from .. import published
    from ..families import family

    if family(task.folder) is not published:
        raise Unavailable("only the published networks are exported for ncnn")
    one = Task(task.network, task.folder, 1, task.threads)
    net = published.exportable(task.folder, task.network, swaps_channels=False)
    example = torch.from_numpy(shifted(one.input()) if task.network == "perceptual" else one.input())
    with tempfile.TemporaryDirectory(dir=task.folder) as folder:
        traced = pathlib.Path(folder) / "net.pt"
        # pnnx knows no addcmul.
        with torch.no_grad(), unittest.mock.patch.object(torch, "addcmul", lambda x, a, b: x + a * b):
            torch.jit.trace(net, example, check_trace=False).save(str(traced))
        import pnnx

        tool = shutil.which("pnnx", path=str(pathlib.Path(sys.executable).parent)) or str(pnnx.EXEC_PATH)
        shape = "[" + ",".join(map(str, example.shape)) + "]"
        made = subprocess.run([tool, "net.pt", f"inputshape={shape}", "fp16=0"], cwd=folder, capture_output=True,
                              text=True, check=False)
        for source, target in (("net.ncnn.bin", weights), ("net.ncnn.param", parameters)):
            path = pathlib.Path(folder) / source
            if made.returncode or not path.exists():
                raise Unavailable(f"pnnx made no {source}: {(made.stderr.strip() or 'no reason given').splitlines()[-1]}")
            os.replace(path, target)
    return parameters, weights


class NCNN:
    def __init__(self, task: Task, stores_halves: bool):
        if task.batch != 1:
            raise Unavailable("has no batch")
        parameters, weights = exported(task)
        import ncnn

        self.ncnn, self.net = ncnn, ncnn.Net()
        self.net.opt.num_threads = task.threads
        for option in ("use_vulkan_compute", "use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
            setattr(self.net.opt, option, False)
        self.net.opt.use_bf16_storage = stores_halves
        with contextlib.redirect_stdout(sys.stderr):
            if self.net.load_param(str(parameters)) or self.net.load_model(str(weights)):
                raise Unavailable("does not load the network that pnnx made")
        values = task.input()
        if task.network == "perceptual":
            values = shifted(values)
        self.input = numpy.ascontiguousarray(values[0])
        self.shape = None

    def _run(self):
        extractor = self.net.create_extractor()
        extractor.input("in0", self.ncnn.Mat(self.input))
        status, result = extractor.extract("out0")
        if status:
            raise Unavailable(f"cannot run the network (status {status})")
        return result

    def output(self) -> numpy.ndarray:
        return numpy.array(self._run())[None]

    def times(self, runs: int) -> list[float]:
        return timed(self._run, runs)
