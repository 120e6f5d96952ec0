"""Makes `perceptual/`: a narrow network in VGG16's layout up to conv4_3, two images, their features and a gradient.

The published preprocessing is applied: pixels in [-1, 1] to 0..255, RGB to BGR, minus a mean per channel.
Needs torch and numpy. Run from anywhere; the seed is fixed.
"""

import json
import os
from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "perceptual")
CONVOLUTIONS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21]
CHANNELS = [8, 8, 16, 16, 32, 32, 32, 64, 64, 64]
LAYER_COUNT = 23
MEAN_BGR = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
RESOLUTION = 32


def features(state, image):
    x = (image + 1) * 127.5
    x = x[:, [2, 1, 0]] - MEAN_BGR
    previous = None
    for layer in range(LAYER_COUNT):
        if layer in CONVOLUTIONS:
            x = F.conv2d(x, state[f"layer{layer}.weight"], state[f"layer{layer}.bias"], padding=1)
            previous = "convolution"
        elif previous == "convolution":
            x = F.relu(x)
            previous = "relu"
        else:
            x = F.max_pool2d(x, 2)
            previous = "pool"
    return x


def main():
    torch.manual_seed(20200401)
    os.makedirs(FOLDER, exist_ok=True)
    state = OrderedDict()
    inputs = 3
    for layer, outputs in zip(CONVOLUTIONS, CHANNELS):
        # He's scaling keeps the size of activations; the first layer brings pixels down to about 1.
        scale = (2 / (9 * inputs)) ** 0.5 / (64 if layer == 0 else 1)
        state[f"layer{layer}.weight"] = torch.randn(outputs, inputs, 3, 3) * scale
        state[f"layer{layer}.bias"] = torch.randn(outputs) * 0.05
        inputs = outputs
    # A layer behind conv4_3, which a converter is to ignore.
    state["layer24.weight"] = torch.randn(64, 64, 3, 3)
    state["layer24.bias"] = torch.randn(64)
    torch.save(state, os.path.join(FOLDER, "vgg_small.pth"))

    x = torch.tanh(torch.randn(1, 3, RESOLUTION, RESOLUTION))
    y = torch.tanh(torch.randn(1, 3, RESOLUTION, RESOLUTION)).requires_grad_()
    fx, fy = features(state, x), features(state, y)
    loss = ((fx - fy) ** 2).mean()
    (gradient,) = torch.autograd.grad(loss, y)
    arrays = {"x": x, "y": y, "features_x": fx, "features_y": fy, "gradient_y": gradient}
    for name, array in arrays.items():
        np.save(os.path.join(FOLDER, f"{name}.npy"), array.detach().numpy())
    with open(os.path.join(FOLDER, "loss.json"), "w") as file:
        json.dump({"mean_squared_difference": loss.item()}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
