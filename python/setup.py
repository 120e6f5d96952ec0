"""Puts the C library, the program and the shipped model into the package, and the platform into the wheel's name.

`scripts/wheel` lays them into `src/idinv_lite` beforehand. Where they are not there, as in the source distribution, the library is
compiled, which needs Swift and what `scripts/setup` installs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "src" / "idinv_lite"
# The project: around this folder in a checkout, within it in the source distribution.
PROJECT = next(folder for folder in (HERE / "project", HERE.parent) if (folder / "Package.swift").exists())


def version() -> str:
    source = (PROJECT / "Sources" / "idinv-lite" / "Workflows" / "Running" / "Program.swift").read_text()
    found = re.search(r'version = "(.*)"', source)
    assert found is not None
    return found[1]


class BuildWithLibrary(build_py):
    """Compiles the library where there is none, into the package that is built and not into the sources."""

    def run(self) -> None:
        super().run()
        target = Path(self.build_lib) / "idinv_lite"
        if not (target / "lib").exists():
            self._compile(target)

    @staticmethod
    def _compile(target: Path) -> None:
        built = PROJECT / ".build" / "library"
        environment = {**os.environ, "IDINV_LIBRARY": str(built)}
        subprocess.run([PROJECT / "scripts" / "library"], check=True, env=environment)
        subprocess.run(["swift", "build", "-c", "release", "--product", "idinv-lite"], check=True, cwd=PROJECT)
        for folder in ("lib", "bin"):
            (target / folder).mkdir(parents=True, exist_ok=True)
        for library in (built / "lib").glob("libidinv.so.*"):
            shutil.copy(library, target / "lib")
        shutil.copy(PROJECT / ".build" / "release" / "idinv-lite", target / "bin")
        shutil.copytree(PROJECT / "models", target / "share" / "idinv-lite", dirs_exist_ok=True)


class PlatformWheel(bdist_wheel):
    """One wheel for all versions of Python: the library is called through ctypes."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    def has_ext_modules(self) -> bool:
        return True


commands: dict[str, Any] = {"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel}
setup(version=version(), cmdclass=commands, distclass=PlatformDistribution)
