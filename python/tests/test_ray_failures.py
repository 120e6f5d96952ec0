"""`idinv_lite.ray` while things die: workers, a node, the driver. IDINV_CLUSTER_IMAGES sets how many pictures (default: 60)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import idinv_lite as idinv
import numpy as np
import numpy.typing as npt
import pytest
from cluster_support import MODEL, codes, environment, kill, make_pictures, rows, wait_for, workers
from test_neighbors import program

pytest.importorskip("ray", reason="pip install 'idinv-lite[ray]'")
import idinv_lite.ray as cluster  # noqa: E402

COUNT = int(os.environ.get("IDINV_CLUSTER_IMAGES", "60"))
STEPS = int(os.environ.get("IDINV_CLUSTER_STEPS", "20"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, model: idinv.Model) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    make_pictures(folder, COUNT, model)
    return folder


@pytest.fixture(scope="module")
def expected(pictures: Path, model: idinv.Model, tmp_path_factory: pytest.TempPathFactory) -> npt.NDArray[np.float32]:
    """The codes of `idinv-lite invert` on one machine; of the library, where the program is not there."""
    files = sorted(pictures.rglob("*.png"))
    command = program()
    if command is None:
        return model.invert(files, steps=STEPS).codes
    folder = tmp_path_factory.mktemp("expected")
    (folder / "all.list").write_text("".join(f"{path}\n" for path in files))
    words = [command, "invert", folder / "all.list", "-m", MODEL, "-q", "--iterations", str(STEPS), "-o", folder / "out"]
    subprocess.run(words, check=True)
    return np.load(folder / "out" / "inverted_codes.npy")


@pytest.fixture
def nodes() -> Iterator[tuple[Any, list[Any]]]:
    """A cluster of a head without CPUs, where the driver is, and three nodes with one each."""
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        local = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        machines = [local.add_node(num_cpus=1) for _ in range(3)]
        local.wait_for_nodes()
        ray.init(address=local.address, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield local, machines
        ray.shutdown()
        local.shutdown()


def raylet_of(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


@pytest.mark.parametrize("seed", [1, 2])
def test_kills(
    seed: int, pictures: Path, expected: npt.NDArray[np.float32], nodes: tuple[Any, list[Any]], tmp_path: Path
) -> None:
    """Two workers and a whole node are killed at random moments: every picture once, with the bytes of one machine."""
    local, machines = nodes
    chance = random.Random(seed)
    output = tmp_path / "out"
    moments = sorted(chance.sample(range(1, 7), 3))
    victims = ["worker", "worker", "node"]
    chance.shuffle(victims)
    killed: list[str] = []

    def share() -> float:
        return 10 * sum(len(found) for found in map(_keys, output.glob("part-*.parquet"))) / COUNT

    def strike() -> None:
        for moment, victim in zip(moments, victims):
            wait_for(lambda moment=moment: share() >= moment)  # type: ignore[misc]
            time.sleep(chance.random())
            if victim == "node":
                local.remove_node(machines.pop(chance.randrange(len(machines))), allow_graceful=False)
            else:
                wait_for(lambda: bool(workers([raylet_of(node) for node in machines])))
                kill(chance.choice(workers([raylet_of(node) for node in machines])))
            killed.append(victim)

    thread = threading.Thread(target=strike)
    thread.start()
    outcome = cluster.run([str(pictures)], str(output), MODEL, cluster.Options(steps=STEPS), rows=4)
    thread.join()
    assert sorted(killed) == ["node", "worker", "worker"]
    assert (outcome.images, outcome.inverted, outcome.found) == (COUNT, COUNT, 0)
    found = rows(output)
    assert [row["key"] for row in found] == [f"{number // 100:03d}/{number:05d}.png" for number in range(COUNT)]
    assert codes(found).tobytes() == expected.tobytes()


def _keys(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    keys: list[str] = pq.read_table(path, columns=["key"]).column(0).to_pylist()
    return keys


def test_driver_killed(pictures: Path, expected: npt.NDArray[np.float32], tmp_path: Path) -> None:
    output = tmp_path / "out"
    words = [sys.executable, "-m", "idinv_lite.ray", "invert", "-m", str(MODEL), "-i", str(pictures), "-o", str(output)]
    words += ["--steps", str(STEPS), "--rows-per-file", "4", "--json"]
    driver = subprocess.Popen(words, env=environment(), stdout=-1, stderr=-1)
    wait_for(lambda: len(list(output.glob("part-*.parquet"))) >= COUNT // 12)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    # The cluster of this machine ends with its driver; what it was writing may still appear until then.
    time.sleep(5)
    before = {path: path.stat().st_mtime_ns for path in output.glob("part-*.parquet")}
    done = sum(len(_keys(path)) for path in before)
    assert 0 < done < COUNT
    again = subprocess.run(words, check=False, env=environment(), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert f'"found": {done},' in again.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    found = rows(output)
    assert len(found) == COUNT and codes(found).tobytes() == expected.tobytes()
