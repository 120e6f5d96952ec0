"""Makes float64_*.npy: the golden gradients and optimizations once more, in double precision.

The golden numbers are single precision, and leaky ReLU, ReLU and max pooling have kinks: where an activation is within
rounding of one, two correct float32 programs take different sides, and their gradients differ by far more than
rounding. PyTorch itself does not repeat the golden res128 gradients (nor some trajectories) on another CPU. The
float64 run shows what the exact numbers are; the tests hold the engine to one or the other.

Usage, from the project's root, with PyTorch and numpy:

    PYTHONPATH=models/training python Tests/Golden/make_float64.py

The perceptual network is drawn anew from its seed (normal weights of deviation sqrt(2 / fan-in), biases of 0.05).
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from idinv_training.networks import Encoder, Generator

HERE = pathlib.Path(__file__).parent
WIDTHS = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 17: 512, 19: 512, 21: 512}
POOLS = (4, 9, 16)


def perceptual_network():
    torch.manual_seed(1)
    weights, inputs = {}, 3
    for layer, outputs in WIDTHS.items():
        weight = torch.randn(outputs, inputs, 3, 3) * math.sqrt(2 / (inputs * 9))
        weights[layer] = (weight.double(), (torch.randn(outputs) * 0.05).double())
        inputs = outputs
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64).view(1, 3, 1, 1)

    def features(x):
        x = ((x + 1) * 127.5)[:, [2, 1, 0]] - mean
        for layer in range(22):
            if layer in weights:
                x = F.relu(F.conv2d(x, *weights[layer], padding=1))
            elif layer in POOLS:
                x = F.max_pool2d(x, 2)
        return x

    return features


def make(folder, run, generator, encoder, features):
    def load(what):
        return torch.from_numpy(np.load(folder / f"{run}_{what}.npy")).double()

    target, mask, codes = load("target"), load("mask"), load("codes")
    goal = features(mask * target).detach()
    code = codes[:1].clone().requires_grad_()

    def terms():
        image = generator.synthesis(code)
        result = {
            "pixel": ((mask * (target - image)) ** 2).mean(),
            "perceptual": ((goal - features(mask * image)) ** 2).mean(),
        }
        if run == "invert":
            result["domain"] = ((code - encoder(image).view_as(code)) ** 2).mean()
        return result

    for term in terms():
        gradient, = torch.autograd.grad(terms()[term], code)
        np.save(folder / f"float64_{run}_grad_{term}.npy", gradient.float().numpy())
    adam = torch.optim.Adam([code], lr=0.01)
    path = [code.detach().clone()]
    for _ in range(len(codes) - 1):
        loss = terms()
        total = loss["pixel"] + 5e-5 * loss["perceptual"] + 2 * loss.get("domain", 0)
        adam.zero_grad()
        total.backward()
        adam.step()
        path.append(code.detach().clone())
    np.save(folder / f"float64_{run}_codes.npy", torch.cat(path).float().numpy())


def main():
    features = perceptual_network()
    for name in ("res32", "res128"):
        folder = HERE / name
        config = json.loads((folder / "config.json").read_text())
        generator = Generator(config["resolution"], config["z_space_dim"], config["w_space_dim"],
                              config["fmaps_base"], config["fmaps_max"])
        generator.load_state_dict(torch.load(folder / "generator.pth", weights_only=False))
        encoder = Encoder(config["resolution"], config["w_space_dim"], config["encoder_channels_base"],
                          config["encoder_channels_max"])
        encoder.load_state_dict(torch.load(folder / "encoder.pth", weights_only=False))
        generator, encoder = generator.eval().double(), encoder.eval().double()
        for run in ("invert", "diffuse"):
            make(folder, run, generator, encoder, features)


if __name__ == "__main__":
    main()
