"""Makes `judge/`: a random judge for 32 px with batch norm that matters, and what it reads off two images.

Needs torch and numpy. Run from anywhere; the seed is fixed.
"""

import os
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "judge")
NAMES = ["yaw", "smile", "glasses", "hair.length"]
CHANNELS = [6, 10, 10, 17]  # block2 keeps its width and has no shortcut; 17 fills no vector register
SIDE = 4


def normalized(state, name, x):
    get = lambda part: state[f"{name}.bn.{part}"]
    return F.batch_norm(x, get("running_mean"), get("running_var"), get("weight"), get("bias"), eps=1e-5)


def random_layer(state, conv, norm, inputs, outputs, kernel, bias=None):
    state[f"{conv}.weight"] = torch.randn(outputs, inputs, kernel, kernel) * (2 / (inputs * kernel * kernel)) ** 0.5
    if bias:
        state[f"{bias}.bias"] = torch.randn(outputs) * 0.1
    state[f"{norm}.bn.weight"] = 1 + 0.2 * torch.randn(outputs)
    state[f"{norm}.bn.bias"] = 0.2 * torch.randn(outputs)
    state[f"{norm}.bn.running_mean"] = 0.2 * torch.randn(outputs)
    state[f"{norm}.bn.running_var"] = 0.5 + torch.rand(outputs)
    state[f"{norm}.bn.num_batches_tracked"] = torch.tensor(7)


def judge(state, x):
    act = lambda v: F.leaky_relu(v, 0.2)
    x = act(normalized(state, "block0.bn", F.conv2d(x, state["block0.conv.weight"], padding=1)))
    for i in range(1, len(CHANNELS)):
        x = F.avg_pool2d(x, 2)
        name = f"block{i}"
        y = x
        if f"{name}.conv.weight" in state:
            y = act(normalized(state, f"{name}.bn", F.conv2d(x, state[f"{name}.conv.weight"])))
        for k in ("1", "2"):
            x = F.conv2d(x, state[f"{name}.conv{k}.weight"], state[f"{name}.wscale{k}.bias"], padding=1)
            x = act(normalized(state, f"{name}.bn{k}", x))
        x = x + y
    return F.linear(x.flatten(1), state["dense.weight"], state["dense.bias"]) * state["std"] + state["mean"]


def main():
    torch.manual_seed(20200403)
    os.makedirs(FOLDER, exist_ok=True)
    state = OrderedDict()
    random_layer(state, "block0.conv", "block0.bn", 3, CHANNELS[0], 3)
    for i, (inputs, outputs) in enumerate(zip(CHANNELS, CHANNELS[1:]), start=1):
        hidden = min(inputs, outputs)
        if inputs != outputs:
            random_layer(state, f"block{i}.conv", f"block{i}.bn", inputs, outputs, 1)
        random_layer(state, f"block{i}.conv1", f"block{i}.bn1", inputs, hidden, 3, f"block{i}.wscale1")
        random_layer(state, f"block{i}.conv2", f"block{i}.bn2", hidden, outputs, 3, f"block{i}.wscale2")
    count = len(NAMES)
    state["dense.weight"] = torch.randn(count, CHANNELS[-1] * SIDE * SIDE) * 0.05
    state["dense.bias"] = torch.randn(count) * 0.1
    state["mean"] = torch.tensor([0.0, 0.2, 0.35, -3.0])
    state["std"] = torch.tensor([0.2, 0.5, 0.45, 2.0])
    torch.save({**state, "names": NAMES}, os.path.join(FOLDER, "judge.pth"))

    # Noise, and a ramp: random features of two noises are nearly the same.
    ramp = torch.linspace(-1, 1, 32).view(1, 1, 1, 32) * torch.tensor([1.0, -0.5, 0.2]).view(1, 3, 1, 1)
    images = torch.cat([torch.randn(1, 3, 32, 32).tanh(), ramp.expand(1, 3, 32, 32)])
    np.save(os.path.join(FOLDER, "images.npy"), images.numpy())
    np.save(os.path.join(FOLDER, "values.npy"), judge(state, images).numpy())


if __name__ == "__main__":
    main()
