"""Where the files lie that come with the package."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def library() -> Path:
    """libidinv: the one that `IDINV_LIBRARY` names, else the package's own, else that of a checkout."""
    named = os.environ.get("IDINV_LIBRARY", "")
    if named:
        return Path(named)
    candidates = [_PACKAGE / "lib" / "libidinv.so.1"]
    candidates += [folder / ".build" / "library" / "lib" / "libidinv.so.1" for folder in _PACKAGE.parents]
    for path in candidates:
        if path.exists():
            return path
    raise ImportError(
        f"{candidates[0]}: no such file; expected a wheel, a library built by scripts/library, or its path in IDINV_LIBRARY"
    )


def program() -> Path:
    """The `idinv-lite` program of the package."""
    return _PACKAGE / "bin" / "idinv-lite"


def shared_file(name: str) -> Path:
    """A file that comes with the package: `default.idinv`, `examples/face-01.png`, `boundaries/smile.npy`.

    Raises:
        FileNotFoundError: where there is none of this name.
    """
    candidates = [_PACKAGE / "share" / "idinv-lite" / name]
    candidates += [folder / "models" / name for folder in _PACKAGE.parents[:3]]
    for path in candidates:
        if path.exists():
            return path
    raise FileNotFoundError(f"{candidates[0]}: no such file; it comes with the wheel")


def default_model() -> Path:
    """The model that `Model.open()` opens: that of `IDINV_MODEL`, else the shipped one."""
    named = os.environ.get("IDINV_MODEL", "")
    return Path(named) if named else shared_file("default.idinv")
