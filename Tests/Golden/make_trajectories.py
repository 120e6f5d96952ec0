"""Ten steps of optimization with StyleGAN2 and e4e in double precision: optimizations/*.npy. The networks are those of
bench/peers/stylegan2.py, which are first compared with the published programs' numbers.

    python Tests/Golden/make_trajectories.py
"""

import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "bench"))
from peers import stylegan2  # noqa: E402

STEPS, RATE, DOMAIN = 10, 0.01, 2.0


def doubles(state):
    return {name: tensor.double() for name, tensor in state.items()}


def array(folder, name):
    return torch.from_numpy(np.load(HERE / folder / f"{name}.npy")).double()


def compare(found, folder, name):
    expected = array(folder, name)
    error = ((found - expected).abs().max() / expected.abs().max()).item()
    assert error < 1e-6, (folder, name, error)


def optimized(name, synthesis, encoder, target, start):
    """The published optimization without its perceptual term; without an encoder, of the pixels alone."""
    code = start.detach().clone().requires_grad_()
    adam = torch.optim.Adam([code], lr=RATE)
    codes, losses = [code.detach().clone()], []
    for _ in range(STEPS):
        adam.zero_grad()
        image = synthesis(code)
        pixel = (target - image).square().mean()
        domain = (code - encoder(stylegan2.brought(image))).square().mean() if encoder else torch.zeros(())
        losses.append([pixel.item(), domain.item()])
        (pixel + DOMAIN * domain).backward()
        adam.step()
        codes.append(code.detach().clone())
    out = HERE / "optimizations"
    out.mkdir(exist_ok=True)
    np.save(out / f"{name}_target.npy", target.float().numpy())
    np.save(out / f"{name}_codes.npy", torch.cat(codes).numpy())
    np.save(out / f"{name}_losses.npy", np.array(losses))
    print(name, losses[0], "->", losses[-1])


def e4e():
    # The checkpoint of e4e_res32 holds a plain dictionary.
    checkpoint = torch.load(HERE / "e4e_res32" / "checkpoint.pt", weights_only=True)
    state = doubles(checkpoint["state_dict"])
    synthesis = stylegan2.Synthesis(state)
    encoder = stylegan2.Encoder(state, checkpoint["latent_avg"].double())
    compare(synthesis(array("e4e_res32", "codes")), "e4e_res32", "synthesized")
    images = array("e4e_res32", "synthesized")
    # Stored in single precision, and then both programs' target.
    target = (0.7 * images[:1] + 0.3 * images[1:]).float().double()
    with torch.no_grad():
        start = encoder(stylegan2.brought(target))
    optimized("e4e_res32", synthesis, encoder, target, start)


def generator(folder, file):
    checkpoint = torch.load(HERE / folder / file, weights_only=True)
    state = {f"decoder.{name}": tensor for name, tensor in doubles(checkpoint["g_ema"]).items()}
    synthesis = stylegan2.Synthesis(state)
    compare(synthesis(array(folder, "wp")), folder, "synthesized_wp")
    optimized(folder, synthesis, None, array(folder, "target")[:1], array(folder, "wp")[:1])


if __name__ == "__main__":
    e4e()
    generator("stylegan2_res32", "converted.pt")
    generator("stylegan2_res64", "converted_legacy.pt")
