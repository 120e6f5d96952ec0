"""Which networks a folder's checkpoints are of."""

from __future__ import annotations

import pathlib
import types

FAMILIES = ("stylegan", "stylegan2")


def family(folder: pathlib.Path) -> types.ModuleType:
    """`published` (in-domain StyleGAN) or `stylegan2` (StyleGAN2 with e4e's encoder): modules with the same functions."""
    from . import published, stylegan2

    return stylegan2 if (folder / stylegan2.FILE).exists() else published


def convert_arguments(folder: pathlib.Path) -> list:
    """What `idinv-lite convert` is given."""
    from . import published, stylegan2

    if (folder / stylegan2.FILE).exists():
        return [folder / stylegan2.FILE, "--perceptual", folder / published.FILES["perceptual"]]
    return [word for network, name in published.FILES.items() for word in (f"--{network}", folder / name)]
