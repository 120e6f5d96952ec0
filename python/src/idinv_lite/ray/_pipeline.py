"""Inversion as a stage of Ray Data: a pool of actors reads pictures, inverts them, and writes rows as they are done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from .._errors import UnavailableError
from . import _sources
from ._results import ResultStore, Stored
from ._rows import ModelFile, Options, RowMaker, described

try:
    import ray
    from ray.data import Dataset, Datasource
    from ray.data.block import BlockMetadata
    from ray.data.datasource import ReadTask
except ImportError as problem:
    raise ImportError(f"{problem}; expected Ray: pip install 'idinv-lite[ray]'") from None

#: A run has about so many files: few enough for readers, many enough for a kill to cost little.
_FILES_OF_A_RUN = 2000
#: Rows of one file at most, whatever the number of pictures.
_MOST_ROWS = 512


class Inverter:
    """An actor with one model: batches with `key`, `path`, `bytes` and `error` become rows of `SCHEMA`."""

    def __init__(self, file: ModelFile, options: Options, threads: int, memory_budget: int | None) -> None:
        self._make = RowMaker(file, options, threads, memory_budget)

    def __call__(self, batch: pa.Table) -> pa.Table:
        columns = {name: batch.column(name).to_pylist() for name in _sources.PICTURES.names}
        return self._make(columns["key"], columns["path"], columns["bytes"], columns["error"])


class _Pictures(Datasource):  # type: ignore[misc]
    """Parts of sources: each is one task."""

    def __init__(self, parts: list[_sources.Part]) -> None:
        super().__init__()
        self._parts = parts

    def get_name(self) -> str:
        return "Pictures"

    def estimate_inmemory_data_size(self) -> int:
        return sum(part.byte_count for part in self._parts)

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        return [
            ReadTask(
                lambda part=part: [_sources.read(part)],
                BlockMetadata(
                    num_rows=len(part.pictures), size_bytes=part.byte_count, input_files=None, exec_stats=None
                ),
            )
            for part in self._parts
        ]


class _Recorder(Inverter):
    """An actor that writes its rows itself: what is computed is on the disk at once, whatever dies afterwards."""

    def __init__(
        self, file: ModelFile, options: Options, threads: int, memory_budget: int | None, output: str
    ) -> None:
        super().__init__(file, options, threads, memory_budget)
        self._store = ResultStore(output)

    def __call__(self, batch: pa.Table) -> pa.Table:
        rows = super().__call__(batch)
        if rows.num_rows > 0:
            self._store.write(rows)
        return pa.table({"rows": [rows.num_rows]})


@dataclass(frozen=True)
class Pool:
    """Who computes."""

    #: Actors; None for as many as the cluster has room for.
    workers: int | None = None
    #: Threads and CPUs of one actor.
    threads: int = 1
    #: Most bytes of one actor's process; None for what its machine has left.
    memory_budget: int | None = None

    def size(self) -> int:
        """Actors that the cluster has room for.

        Raises:
            UnavailableError: for none.
        """
        room = sum(int(node["Resources"].get("CPU", 0)) // self.threads for node in ray.nodes() if node["Alive"])
        if room == 0:
            raise UnavailableError(f"workers: no node of the cluster has {self.threads} CPUs; expected fewer threads")
        return room if self.workers is None else min(self.workers, room)


def invert(
    pictures: Dataset, model: str | Path | None = None, options: Options | None = None, pool: Pool | None = None
) -> Dataset:
    """Inverts a data set of pictures, as a stage of a pipeline.

    Args:
        pictures: with columns `key`, `path`, `bytes` (of picture files) and `error` (null), as `read_pictures` makes it.
        model: a model file that every machine has at this path; None for the shipped one.

    Returns:
        A data set with the columns of `SCHEMA`.
    """
    pool = pool or Pool()
    file = ModelFile.of(model)
    return _stage(pictures, pool, Inverter, file, options or Options(), pool.threads, pool.memory_budget)


def _stage(pictures: Dataset, pool: Pool, actor: type[Inverter], *arguments: Any) -> Dataset:
    size = pool.size()
    return pictures.map_batches(
        actor,
        fn_constructor_args=arguments,
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            min_size=1, max_size=size, initial_size=size, max_tasks_in_flight_per_actor=2
        ),
        num_cpus=pool.threads,
    )


def read_pictures(
    *inputs: str, columns: _sources.Columns | None = None, skipped: set[str] | None = None, rows: int | None = None,
    threads: int = 1,
) -> Dataset:  # fmt: skip
    """A data set of pictures: of folders, lists, zip archives, WebDataset shards and Parquet files.

    Args:
        skipped: keys that are left out.
        rows: pictures that one task reads at most.
        threads: those of the actors that invert, which then read, too.

    Raises:
        MissingFileError, BadDataError, InvalidArgumentError.
    """
    found = _sources.listed(inputs, columns or _sources.Columns(), _tell)
    count = sum(len(pictures) for _, _, pictures in found)
    return _dataset(_sources.parts(found, skipped or set(), rows or _rows_of_part(count, 1)), threads)


def _dataset(parts: list[_sources.Part], threads: int) -> Dataset:
    # As many CPUs as an actor has: Ray then lets the actors read themselves, and starts no processes for it.
    return ray.data.read_datasource(_Pictures(parts), override_num_blocks=max(1, len(parts)), num_cpus=threads)


def _rows_of_part(count: int, workers: int) -> int:
    """Every worker gets several parts, so that all end together; of many pictures, a part has more."""
    return max(1, min(_MOST_ROWS, max(count // _FILES_OF_A_RUN, min(32, count // (8 * workers)))))


@dataclass(frozen=True)
class Outcome:
    """What a run has come to."""

    images: int
    inverted: int
    errors: int
    #: Of these, how many were there before.
    found: int
    seconds: float
    output: str

    @property
    def images_per_second(self) -> float:
        return (self.images - self.found) / self.seconds if self.seconds > 0 else 0.0


def run(
    inputs: Sequence[str],
    output: str,
    model: str | Path | None = None,
    options: Options | None = None,
    pool: Pool | None = None,
    *,
    columns: _sources.Columns | None = None,
    rows: int | None = None,
    retries_errors: bool = False,
    tell: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] = lambda done, missing: None,
) -> Outcome:
    """Inverts what inputs hold into a folder of Parquet files. What the folder has already is not done again.

    Args:
        rows: rows of one file at most.
        retries_errors: whether pictures that failed before are tried again.
        tell: is told what deserves a look.
        progress: is told how many rows were written, and how many are to be in all.

    Raises:
        MissingFileError, BadDataError, InvalidArgumentError, UnavailableError.
    """
    tell, options, pool = tell or _tell, options or Options(), pool or Pool()
    began = time.monotonic()
    file = ModelFile.of(model)
    RowMaker(file, options).check()
    found = _sources.listed(inputs, columns or _sources.Columns(), tell)
    keys = {picture.key for _, _, pictures in found for picture in pictures}
    store = ResultStore(output)
    store.begin(described(file, options))
    before = store.stored(tell)
    if retries_errors and before.failed:
        store.forget_failures()
        before = Stored(before.inverted)
    workers = pool.size()
    missing = len(keys - before.keys)
    parts = _sources.parts(found, before.keys, rows or _rows_of_part(missing, workers))
    if parts:
        stage = _stage(
            _dataset(parts, pool.threads), pool, _Recorder, file, options, pool.threads, pool.memory_budget, store.name
        )
        for batch in stage.iter_batches(batch_size=None, batch_format="pyarrow"):
            progress(sum(batch.column("rows").to_pylist()), missing)
    after = store.stored(tell)
    lost = keys - after.keys
    if lost:
        raise UnavailableError(f"{store.name}: {len(lost)} pictures have no row, such as {min(lost)}; run it again")
    return Outcome(
        len(keys), len(keys & after.inverted), len(keys & after.failed), len(keys & before.keys),
        time.monotonic() - began, store.name,
    )  # fmt: skip


def _tell(line: str) -> None:
    print(f"idinv-lite: {line}", file=sys.stderr)
