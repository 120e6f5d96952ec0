"""Makes `Fixtures/`: small files of torch, safetensors and NumPy, of every kind the readers take.

Needs torch, safetensors and numpy. Values are counted up, so that the tests need no second copy of them.
"""

import argparse
import collections
import datetime
import os
import pathlib
import pickle
import random
from collections import OrderedDict

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Fixtures")


def path(name):
    return os.path.join(FOLDER, name)


def tensors():
    """Every type, views of every kind, nesting, and values that are no tensors."""
    counted = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) - 5
    shared = torch.arange(10, dtype=torch.float32)
    module = torch.nn.Linear(3, 2)
    with torch.no_grad():
        module.weight.copy_(torch.arange(6).reshape(2, 3))
        module.bias.copy_(torch.tensor([7.0, 8.0]))
    return {
        "f32": counted.clone(),
        "f16": counted.half(),
        "bf16": counted.bfloat16(),
        "f64": counted.double(),
        "i64": counted.long(),
        "i32": counted.int(),
        "i16": counted.short(),
        "i8": counted.char(),
        "u8": (counted + 5).byte(),
        "bool": counted > 0,
        "permuted": counted.permute(2, 0, 1),
        "sliced": counted[1:, ::2, 1:3],
        "shared_head": shared[:4],
        "shared_tail": shared[4:],
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "expanded": torch.tensor([9.0]).expand(5),
        "parameter": torch.nn.Parameter(torch.tensor([1.5, 2.5])),
        "module": module.state_dict(),
        "list": [torch.tensor([1.0]), torch.tensor([2.0])],
        "epoch": 3,
        "settings": {"name": "köln", "rate": 1e-3, "flags": (True, None), "big": 1 << 80},
    }


def arrays():
    counted = np.arange(24).reshape(2, 3, 4) - 5
    for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8"]:
        np.save(path(f"little_{code}.npy"), counted.astype("<" + code))
        np.save(path(f"big_{code}.npy"), counted.astype(">" + code))
    for code in ["u1", "u2", "u4", "u8"]:
        np.save(path(f"little_{code}.npy"), (counted + 5).astype("<" + code))
    np.save(path("bool.npy"), counted > 0)
    np.save(path("fortran.npy"), np.asfortranarray(counted.astype("<f4")))
    np.save(path("scalar.npy"), np.float32(2.5))
    np.save(path("empty.npy"), np.zeros((0, 3), "f4"))
    for version in [(2, 0), (3, 0)]:
        with open(path(f"version{version[0]}.npy"), "wb") as file:
            np.lib.format.write_array(file, counted.astype("<f4"), version=version)
    np.savez(path("stored.npz"), a=counted.astype("f4"), b=np.arange(3))
    np.savez_compressed(path("deflated.npz"), a=counted.astype("f4"), b=np.arange(3))
    values = {
        "boundary": np.arange(6, dtype="f4").reshape(1, 2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3)),
        "meta_data": {"manipulate_layers": [2, 4], "name": "smile", "score": np.float64(0.5), "n": np.int64(7)},
    }
    for protocol in [2, 3, 4, 5]:
        with open(path(f"object{protocol}.npy"), "wb") as file:
            array = np.array(values, dtype=object)
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
            pickle.dump(array, file, protocol=protocol)


class OnTPU:
    """A tensor of a device without storages: torch.save writes its values as a NumPy array."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        arguments = (self.tensor.numpy(), self.tensor.dtype, "xla:0", False)
        return torch._utils._rebuild_device_tensor_from_numpy, arguments


def beside():
    """What training programs keep beside the weights."""
    numpy_state, torch_state = np.random.RandomState(1).get_state(), torch.Generator().manual_seed(1).get_state()
    parameter = torch.nn.Parameter(torch.tensor([5.0]))
    parameter.note = "kept"
    counter = collections.Counter([10, 20])
    return {
        "state_dict": {"a": torch.tensor([1.0, 2.0]), "noted": parameter, "tpu": OnTPU(torch.tensor([3.0, 4.0]))},
        "args": argparse.Namespace(size=32, lr=0.002, inner=argparse.Namespace(a=torch.tensor([6.0]))),
        "out": pathlib.PurePosixPath("/home/someone/runs"),
        "scheduler": {"milestones": counter, "last_epoch": 3},
        "hyper": collections.defaultdict(list, a=[1]),
        "date": datetime.datetime(2021, 5, 1),
        "classes": {"smile", "age"},
        "frozen": frozenset([1, 2]),
        "type": torch.float16,
        "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
        "best": np.float64(3.5),
        "step": np.int64(2**40 + 1),
        "flag": np.bool_(True),
        "name": np.str_("k\u00f6ln"),
        "words": np.array(["a", "bc"]),
        "torch_rng": torch_state,
        "numpy_rng": numpy_state,
        "python_rng": random.Random(1).getstate(),
        "optimizer": torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))]).state_dict(),
    }


def opaque():
    """Numbers that are not read beside those that are."""
    scaled = torch.quantize_per_tensor(torch.tensor([0.5, 1.0]), 0.1, 0, torch.quint8)
    return {
        "a": torch.tensor([1.0, 2.0]), "complex": torch.tensor([1 + 2j]), "wide": torch.tensor([1 + 2j], dtype=torch.complex128),
        "float8": torch.tensor([1.0, 2.0]).to(torch.float8_e4m3fn), "uint16": torch.tensor([1], dtype=torch.uint16),
        "quantized": scaled, "sparse": torch.eye(2).to_sparse(), "rows": torch.eye(2).to_sparse_csr(),
        "meta": torch.zeros(2, device="meta"), "b": torch.tensor([3.0])}


def codes():
    """Codes and directions as this field's programs store them; values are counted up."""
    code = np.arange(8, dtype="f4").reshape(1, 4, 2)
    np.savez(path("codes_projected_w.npz"), w=code)
    torch.save(torch.from_numpy(code[0]), path("codes_latent.pt"))
    torch.save({"a.png": {"img": torch.zeros(1, 3, 2, 2), "latent": torch.from_numpy(code[0]), "noise": [torch.zeros(1)]}}, path("codes_projector.pt"))
    steps = {"a.jpg": [code[0] - 1, code[0]], "b.jpg": [code[0] - 1, code[0] + 8]}
    np.save(path("codes_restyle.npy"), steps)
    with open(path("codes_array.pkl"), "wb") as file:
        pickle.dump(code, file)
    with open(path("codes_dictionary.pkl"), "wb") as file:
        pickle.dump({"a.jpg": code, "b.jpg": code + 8}, file, protocol=4)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    codes()
    torch.save(beside(), path("beside.pth"))
    torch.save(beside(), path("beside_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(opaque(), path("opaque.pth"))
    torch.save(opaque(), path("opaque_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(tensors(), path("torch_zip.pth"))
    torch.save(tensors(), path("torch_legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(OrderedDict(a=torch.tensor([1.0, 2.0])), path("tiny_zip.pth"))
    torch.save(OrderedDict(a=torch.tensor([1.0, 2.0])), path("tiny_legacy.pth"), _use_new_zipfile_serialization=False)
    counted = torch.arange(24).reshape(2, 3, 4) - 5
    types = ["float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8"]
    save_file(
        {name: counted.to(getattr(torch, name)) for name in types} | {"empty": torch.zeros(0, 3)},
        path("types.safetensors"), metadata={"made": "by a test"})
    arrays()


if __name__ == "__main__":
    main()
