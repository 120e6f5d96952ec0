"""The files of examples/cluster: Kubernetes' against its published schema, Spark's run. `scripts/slurm-check` runs Slurm's."""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import idinv_lite as idinv
import numpy as np
import pytest
from cluster_support import MODEL, ROOT, environment

EXAMPLES = ROOT / "examples" / "cluster"


@pytest.mark.parametrize("version", ["1.29", "1.31", "1.33", "1.35"])
def test_kubernetes(version: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((EXAMPLES / "kubernetes-job.yaml").read_text())
    schemas.validate(job, version, strict=True)

    wrong = copy.deepcopy(job)
    wrong["spec"]["backoffLimitPerIndexes"] = wrong["spec"].pop("backoffLimitPerIndex")
    with pytest.raises(schemas.ValidationError):
        schemas.validate(wrong, version, strict=True)
    # What the schema cannot know: the number behind auto/, and what the API server demands of the fields together.
    specification = job["spec"]
    command = specification["template"]["spec"]["containers"][0]["command"][-1]
    assert f"--shard auto/{specification['completions']} " in command
    assert specification["completionMode"] == "Indexed" and "backoffLimitPerIndex" in specification
    assert specification["template"]["spec"]["restartPolicy"] == "Never"


def test_spark(tmp_path: Path, faces: list[Path], model: idinv.Model) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    table: Any = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "in").mkdir()
    for face in faces:
        shutil.copy(face, tmp_path / "in")
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    script = tmp_path / "spark.py"
    script.write_text((EXAMPLES / "spark.py").read_text().replace("STEPS = 100", "STEPS = 3"))
    result = subprocess.run(
        [sys.executable, script, tmp_path / "in", tmp_path / "out", MODEL], check=False, capture_output=True, text=True,
        env={**environment(), "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = sorted(table.read_table(tmp_path / "out").to_pylist(), key=lambda row: row["path"])
    assert rows[0]["path"].endswith("bad.png") and rows[0]["code"] is None and "no picture" in rows[0]["error"]
    expected = model.invert(faces, steps=3).codes
    codes = np.stack([np.asarray(row["code"], np.float32) for row in rows[1:]])
    assert codes.tobytes() == expected.tobytes() and all(row["error"] is None for row in rows[1:])
