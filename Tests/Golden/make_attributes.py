"""Makes `attributes/`: a random head on the features of `perceptual/vgg_small.pth`, and what it reads off two images.

Needs torch and numpy, and `make_perceptual.py` beside it. Run from anywhere; the seed is fixed.
"""

import os
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from make_perceptual import FOLDER as PERCEPTUAL
from make_perceptual import features

FOLDER = os.path.join(os.path.dirname(PERCEPTUAL), "attributes")
NAMES = ["yaw", "smile", "glasses", "5_o_Clock_Shadow", "hair.length"]
HIDDEN = 6


def main():
    torch.manual_seed(20200402)
    os.makedirs(FOLDER, exist_ok=True)
    count = len(NAMES)
    state = OrderedDict()
    state["conv.weight"] = torch.randn(HIDDEN, 64, 3, 3) * (2 / (64 * 9)) ** 0.5
    state["conv.bias"] = torch.randn(HIDDEN) * 0.05
    state["dense.weight"] = torch.randn(count, HIDDEN * 2 * 2) * 0.2
    state["dense.bias"] = torch.randn(count) * 0.1
    state["mean"] = torch.tensor([0.0, 0.2, 0.35, -3.0, 40.0])
    state["std"] = torch.tensor([0.2, 0.5, 0.45, 2.0, 12.5])
    torch.save({**state, "names": NAMES}, os.path.join(FOLDER, "attributes.pth"))

    # Noise, and a ramp: random features of two noises are nearly the same.
    ramp = torch.linspace(-1, 1, 32).view(1, 1, 1, 32) * torch.tensor([1.0, -0.5, 0.2]).view(1, 3, 1, 1)
    noise = torch.tensor(np.load(os.path.join(PERCEPTUAL, "x.npy")))
    images = torch.cat([noise, ramp.expand(1, 3, 32, 32)])
    perceptual = torch.load(os.path.join(PERCEPTUAL, "vgg_small.pth"), weights_only=True)
    hidden = F.relu(F.conv2d(features(perceptual, images), state["conv.weight"], state["conv.bias"], padding=1))
    flat = F.avg_pool2d(hidden, 2).flatten(1)
    values = F.linear(flat, state["dense.weight"], state["dense.bias"]) * state["std"] + state["mean"]
    np.save(os.path.join(FOLDER, "images.npy"), images.numpy())
    np.save(os.path.join(FOLDER, "values.npy"), values.numpy())


if __name__ == "__main__":
    main()
