"""The `idinv-lite` program of the package: `idinv-lite …` or `python -m idinv_lite …`."""

from __future__ import annotations

import os
import sys

from ._places import program


def main() -> None:
    """Becomes the program."""
    path = program()
    try:
        os.execv(path, [str(path), *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"idinv-lite: {path}: cannot be started: {error.strerror}; expected an installation from a wheel")


if __name__ == "__main__":
    main()
