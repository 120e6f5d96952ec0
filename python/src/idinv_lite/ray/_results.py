"""A folder of Parquet files with the rows of a run: what is there, what is missing, and writing so that nothing is half there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from .._errors import BadDataError, MissingFileError
from . import _places
from ._rows import SCHEMA

#: What the folder is of, as JSON; readers of data leave out what begins with an underscore.
RUN_FILE = "_run.json"
_PREFIX, _ENDING = "part-", ".parquet"


@dataclass
class Stored:
    """The keys that a folder has."""

    inverted: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    @property
    def keys(self) -> set[str]:
        return self.inverted | self.failed


class ResultStore:
    """The results of one run in one folder, or on an object store."""

    def __init__(self, name: str) -> None:
        self.name = _places.absolute(name)

    # ---- Writing

    def begin(self, description: dict[str, Any]) -> None:
        """Makes the folder one for this run.

        Raises:
            BadDataError: where it holds rows of another model or other options, or something else.
        """
        system, path = _places.opened(self.name)
        system.create_dir(path, recursive=True)
        known = self.description()
        if known is None:
            if self._files():
                raise BadDataError(f"{self.name}: has Parquet files but no {RUN_FILE}; expected a new folder, or one of a run")
            _places.write(_places.joined(self.name, RUN_FILE), json.dumps(description, indent=2).encode() + b"\n")
            return
        for name in ("version", "model_sha256", "options"):
            if known.get(name) != description[name]:
                raise BadDataError(
                    f"{self.name}: holds a run with {_difference(name, known.get(name), description[name])}; "
                    "expected the same model and options, or another folder"
                )

    def description(self) -> dict[str, Any] | None:
        """What `begin` was told; None in a folder of no run."""
        system, path = _places.opened(_places.joined(self.name, RUN_FILE))
        if system.get_file_info(path).type == pafs.FileType.NotFound:
            return None
        try:
            found = json.loads(_places.read(_places.joined(self.name, RUN_FILE)))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BadDataError(f"{_places.joined(self.name, RUN_FILE)}: is damaged; expected JSON")
        return found

    def write(self, rows: pa.Table) -> str:
        """Writes a file of rows. Its name depends on the keys alone: a task that is repeated replaces its own file."""
        rows = rows.cast(SCHEMA).sort_by("key")
        digest = hashlib.sha256("\0".join(rows.column("key").to_pylist()).encode()).hexdigest()[:32]
        name = f"{_PREFIX}{digest}{_ENDING}"

        def write(stream: Any) -> None:
            pq.write_table(rows, stream, compression="zstd")

        _places.write(_places.joined(self.name, name), write)
        return name

    # ---- Reading

    def stored(self, tell: Callable[[str], None] = lambda line: None) -> Stored:
        """Which keys are there. Files that cannot be read are put aside, so that their pictures are done again."""
        stored = Stored()

        def look(path: str) -> pa.Table | None:
            try:
                return self._table(path, ["key", "error"])
            except (OSError, pa.ArrowException):
                return None

        paths = self._files()
        with ThreadPoolExecutor(8) as pool:
            for path, table in zip(paths, pool.map(look, paths)):
                if table is None:
                    tell(f"{path}: is damaged; it is put aside, and its pictures are done again")
                    _places.opened(self.name)[0].move(path, path + ".damaged")
                    continue
                is_good = pc.is_null(table.column("error"))
                stored.inverted.update(table.filter(is_good).column("key").to_pylist())
                stored.failed.update(table.filter(pc.invert(is_good)).column("key").to_pylist())
        return stored

    def forget_failures(self) -> None:
        """Takes away the rows with errors, so that their pictures are tried again."""
        system, _ = _places.opened(self.name)
        for path in self._files():
            table = self._table(path)
            kept = table.filter(pc.is_null(table.column("error")))
            if len(kept) == len(table):
                continue
            # In this order a kill leaves rows twice rather than not at all, and readers take them once.
            if len(kept) > 0:
                self.write(kept)
            system.delete_file(path)

    def tables(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The rows, file by file; each key once.

        Raises:
            MissingFileError: without any.
        """
        paths = self._files()
        if not paths:
            raise MissingFileError(f"{self.name}: has no results; expected a folder that 'invert' has written", self.name)
        seen: set[str] = set()
        for path in paths:
            try:
                table = self._table(path, columns)
            except (OSError, pa.ArrowException) as error:
                raise BadDataError(f"{path}: cannot be read: {error}; running 'invert' again makes it anew", path) from None
            keys = table.column("key").to_pylist()
            fresh = [key not in seen for key in keys]
            seen.update(keys)
            yield table if all(fresh) else table.filter(pa.array(fresh))

    def _table(self, path: str, columns: list[str] | None = None) -> pa.Table:
        system, _ = _places.opened(self.name)
        with system.open_input_file(path) as file:
            return pq.ParquetFile(file).read(columns=columns)

    def _files(self) -> list[str]:
        system, root = _places.opened(self.name)
        entries = system.get_file_info(pafs.FileSelector(root, allow_not_found=True))
        return sorted(entry.path for entry in entries if entry.is_file and entry.base_name.endswith(_ENDING))


def _difference(name: str, known: Any, given: Any) -> str:
    if name != "options" or not isinstance(known, dict):
        return f"{name} {known} (now {given})"
    changed = [key for key in given if known.get(key) != given[key]]
    return ", ".join(f"{key} {known.get(key)} (now {given[key]})" for key in changed)
