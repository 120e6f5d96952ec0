"""The shipped model and pictures. Without an installed package, the checkout's own is tested."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if importlib.util.find_spec("idinv_lite") is None:
    sys.path.insert(0, str(ROOT / "python" / "src"))

import idinv_lite as idinv  # noqa: E402


@pytest.fixture(scope="session")
def model() -> idinv.Model:
    return idinv.Model.open(ROOT / "models" / "default.idinv", threads=2)


@pytest.fixture(scope="session")
def faces() -> list[Path]:
    return [ROOT / "models" / "examples" / f"face-0{number}.png" for number in (1, 2, 3)]


@pytest.fixture(scope="session")
def boundaries() -> Path:
    return ROOT / "models" / "boundaries"
