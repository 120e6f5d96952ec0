"""The README's example and the notebook run as they stand, and the header agrees with what ctypes is told."""

from __future__ import annotations

import os
import re
from pathlib import Path

import idinv_lite as idinv
import pytest
from idinv_lite import _native

PYTHON = Path(__file__).resolve().parents[1]
HEADER = PYTHON.parent / "Sources" / "idinv-lite" / "CInterface" / "CIdinv" / "idinv.h"


def test_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.findall(r"```python\n(.*?)```", (PYTHON / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(code), "README.md", "exec"), {})
    assert (tmp_path / "smiling.png").exists()


def test_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(idinv.__file__).parents[1])]))
    notebook = nbformat.read(PYTHON / "examples" / "tour.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_the_header_declares_what_ctypes_is_told() -> None:
    header = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    declared = dict(re.findall(r"\b(idinv_[a-z_]+)\(\s*(.*?)\);", header, re.DOTALL))
    assert set(declared) == set(_native._PROTOTYPES)
    for name, parameters in declared.items():
        count = 0 if parameters.strip() == "void" else parameters.count(",") + 1
        assert len(_native._PROTOTYPES[name][1]) == count, name
    structures = dict(re.findall(r"typedef struct (idinv_[a-z_]+) \{(.*?)\}", header, re.DOTALL))
    for native in (kind for kind in vars(_native).values() if isinstance(kind, type) and hasattr(kind, "_fields_")):
        name = "idinv_" + re.sub(r"(?<!^)(?=[A-Z])", "_", native.__name__).lower()
        members = re.findall(r"(\w+)(?:\[\d+\])?\s*(?=[,;])", structures[name])
        assert [field[0] for field in native._fields_] == members, name
    assert f"#define IDINV_ABI {_native.ABI}\n" in HEADER.read_text()
