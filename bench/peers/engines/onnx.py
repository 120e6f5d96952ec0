"""ONNX Runtime and OpenVINO, on the same exported file."""

from __future__ import annotations

import os
import pathlib

import numpy

from . import Task
from .timing import timed


def exported(task: Task) -> pathlib.Path:
    """The network as an ONNX file with a free batch, made once per checkpoint."""
    path = task.folder / f"{task.network}.onnx"
    if path.exists():
        return path
    import warnings

    import torch

    from ..families import family

    task = Task(task.network, task.folder, 2, task.threads)
    net = family(task.folder).exportable(task.folder, task.network)
    partial = path.with_suffix(".partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (torch.from_numpy(task.input()),), str(partial), input_names=["x"], output_names=["y"],
            dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, opset_version=17, dynamo=False)
    os.replace(partial, path)
    return path


def quantized(task: Task) -> pathlib.Path:
    """The same in 8 bits, by ONNX Runtime's own static quantizer on a few of the inputs; made once per checkpoint."""
    path = task.folder / f"{task.network}.int8.onnx"
    if path.exists():
        return path
    from onnxruntime import quantization

    class Samples(quantization.CalibrationDataReader):
        def __init__(self):
            rows = Task(task.network, task.folder, 4, task.threads).input()
            self.rows = iter([{"x": row[None]} for row in rows])

        def get_next(self):
            return next(self.rows, None)

    prepared, partial = path.with_suffix(".prepared"), path.with_suffix(".partial")
    quantization.quant_pre_process(str(exported(task)), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(str(prepared), str(partial), Samples(), per_channel=True)
    prepared.unlink()
    os.replace(partial, path)
    return path


class ONNXRuntime:
    def __init__(self, task: Task, is_quantized: bool):
        path = quantized(task) if is_quantized else exported(task)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = task.threads, 1
        options.log_severity_level = 3
        options.add_free_dimension_override_by_name("batch", task.batch)
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = {"x": task.input()}

    def output(self) -> numpy.ndarray:
        return self.session.run(["y"], self.input)[0]

    def times(self, runs: int) -> list[float]:
        return timed(lambda: self.session.run(["y"], self.input), runs)


class OpenVINO:
    def __init__(self, task: Task, chooses_precision: bool):
        path = exported(task)
        import openvino

        core = openvino.Core()
        model = core.read_model(str(path))
        self.input = task.input()
        model.reshape({"x": list(self.input.shape)})
        # By itself, it takes bf16 where the CPU has it.
        precision = {} if chooses_precision else {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = core.compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": task.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", **precision})
        self.request = compiled.create_infer_request()

    def output(self) -> numpy.ndarray:
        return numpy.array(self.request.infer([self.input])[0])

    def times(self, runs: int) -> list[float]:
        return timed(lambda: self.request.infer([self.input], share_inputs=True, share_outputs=True), runs)
