"""Where pictures come from: folders, lists, zip archives, WebDataset shards and Parquet files, as parts that one task reads."""

from __future__ import annotations

import functools
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from .._errors import BadDataError, InvalidArgumentError, MissingFileError
from . import _places

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
#: One part holds no more than this, unless one picture does: what a task has in memory.
PART_BYTES = 64 << 20

PICTURES = pa.schema(
    [("key", pa.string()), ("path", pa.string()), ("bytes", pa.binary()), ("error", pa.string())]
)


@dataclass(frozen=True)
class Picture:
    """One picture of a source that has not been read yet."""

    #: Unique in the run, the same wherever the source lies.
    key: str
    #: What it is called for people.
    path: str
    #: How its reader finds it: a file, a member, an offset, a row.
    place: Any
    byte_count: int = 0


@dataclass(frozen=True)
class Part:
    """Pictures of one source that one task reads."""

    kind: str
    #: The folder, list, archive, shard or file.
    source: str
    pictures: list[Picture] = field(default_factory=list)

    @property
    def byte_count(self) -> int:
        return sum(picture.byte_count for picture in self.pictures)


@dataclass(frozen=True)
class Columns:
    """Names of columns of Parquet files."""

    #: Bytes of picture files, or the struct with `bytes` of Hugging Face's data sets.
    image: str = "image"
    #: Keys; None for file and row number.
    key: str | None = None


def listed(inputs: Iterable[str], columns: Columns, tell: Callable[[str], None]) -> list[tuple[str, str, list[Picture]]]:
    """What inputs hold: the kind, the source and its pictures, one after the other.

    Raises:
        MissingFileError, BadDataError, InvalidArgumentError: also where two pictures have the same key.
    """
    names = [_places.absolute(name) for name in inputs]
    sources = [source for name in names for source in _expanded(name)]
    found = [(kind, source, _listers[kind](source, columns, tell)) for kind, source in sources]
    if not any(pictures for _, _, pictures in found):
        raise BadDataError(f"{', '.join(names)}: no pictures; expected names that end in {', '.join(PICTURE_ENDINGS)}")
    seen: dict[str, str] = {}
    for _, _, pictures in found:
        for picture in pictures:
            if picture.key in seen:
                raise InvalidArgumentError(
                    f"{picture.path}: has the key {picture.key!r}, and so has {seen[picture.key]}; "
                    "expected keys once: give the folder that holds both"
                )
            seen[picture.key] = picture.path
    return found


def parts(found: list[tuple[str, str, list[Picture]]], skipped: set[str], most: int) -> list[Part]:
    """The pictures that are not skipped, in parts of at most so many, each of one source."""
    made: list[Part] = []
    for kind, source, pictures in found:
        part = Part(kind, source)
        for picture in pictures:
            if picture.key in skipped:
                continue
            if part.pictures and (
                len(part.pictures) >= most or part.byte_count + picture.byte_count > PART_BYTES
            ):
                made.append(part)
                part = Part(kind, source)
            part.pictures.append(picture)
        if part.pictures:
            made.append(part)
    return made


def read(part: Part) -> pa.Table:
    """The pictures of a part, as bytes. One that cannot be read has its reason in `error` instead."""
    # Archives and tables are read in one place at a time.
    with ThreadPoolExecutor(8 if part.kind in ("folder", "list", "tar") else 1) as pool:
        attempts = list(pool.map(lambda picture: _attempted(part, picture), part.pictures))
    rows = [(picture, *attempt) for picture, attempt in zip(part.pictures, attempts)]
    return pa.table(
        [
            [picture.key for picture, _, _ in rows],
            [picture.path for picture, _, _ in rows],
            [data for _, data, _ in rows],
            [error for _, _, error in rows],
        ],
        schema=PICTURES,
    )


def _attempted(part: Part, picture: Picture) -> tuple[bytes | None, str | None]:
    try:
        return _readers[part.kind](part.source, picture.place), None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, pa.ArrowException) as error:
        return None, f"{picture.path}: cannot be read: {error}"


# ---- What an input is


def _expanded(name: str) -> list[tuple[str, str]]:
    """The sources of an input: those in a folder of shards, archives or Parquet files, or itself."""
    if _places.kind(name) == "file":
        return [(_kind_of(name), name)]
    system, path = _places.opened(name)
    inside = [entry for entry in system.get_file_info(pafs.FileSelector(path)) if entry.is_file]
    containers = sorted(
        entry.base_name
        for entry in inside
        if not entry.base_name.startswith((".", "_")) and entry.base_name.lower().endswith((".tar", ".zip", ".parquet"))
    )
    if containers:
        return [(_kind_of(base), _places.joined(name, base)) for base in containers]
    return [("folder", name)]


def _kind_of(name: str) -> str:
    lowered = name.lower()
    for ending, kind in (
        (".list", "list"), (".txt", "list"), (".zip", "zip"), (".tar", "tar"), (".parquet", "parquet"),
        *((ending, "picture") for ending in PICTURE_ENDINGS),
    ):  # fmt: skip
        if lowered.endswith(ending):
            return kind
    raise InvalidArgumentError(
        f"{name}: expected a folder, a picture, or a file that ends in .list, .txt, .zip, .tar or .parquet"
    )


def _text(name: str) -> str:
    """A name as text that every reader of Parquet takes: bytes that are no UTF-8 are written as \\xNN."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


# ---- Folders, lists, pictures


def _folder(source: str, columns: Columns, tell: Callable[[str], None]) -> list[Picture]:
    system, root = _places.opened(source)
    entries = [entry for entry in system.get_file_info(pafs.FileSelector(root, recursive=True)) if entry.is_file]
    entries.sort(key=lambda entry: entry.path)
    prefix = root.rstrip("/") + "/"
    pictures: list[Picture] = []
    left_out: list[str] = []
    for entry in entries:
        relative = entry.path.removeprefix(prefix)
        if any(step.startswith(".") for step in relative.split("/")):
            continue
        if relative.lower().endswith(PICTURE_ENDINGS):
            pictures.append(Picture(_text(relative), _text(entry.path), entry.path, entry.size or 0))
        else:
            left_out.append(relative)
    if left_out:
        more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        tell(f"{source}: {len(pictures)} pictures taken, left out {', '.join(left_out[:5])}{more}")
    return pictures


def _picture(source: str, columns: Columns, tell: Callable[[str], None]) -> list[Picture]:
    _, path = _places.opened(source)
    return [Picture(_text(path.rsplit("/", 1)[-1]), _text(source), path)]


def _list(source: str, columns: Columns, tell: Callable[[str], None]) -> list[Picture]:
    """One path per line, relative to the list's folder; blank lines and lines that begin with # are skipped."""
    try:
        text = _places.read(source).decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise MissingFileError(f"{source}: cannot be read: {error}", source) from None
    folder = source.rsplit("/", 1)[0]
    pictures: dict[str, Picture] = {}
    repeated = 0
    for line in text.splitlines():
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        key = _text(entry)
        if key in pictures:
            repeated += 1
            continue
        name = entry if entry.startswith("/") or "://" in entry else _places.joined(folder, entry)
        pictures[key] = Picture(key, _text(name), name)
    if repeated:
        tell(f"{source}: {repeated} lines are repeated; their pictures are taken once")
    return list(pictures.values())


def _read_file(source: str, place: Any) -> bytes:
    system, _ = _places.opened(source)
    with system.open_input_stream(place) as stream:
        return bytes(stream.read())


def _read_listed(source: str, place: Any) -> bytes:
    return _places.read(place)


# ---- Archives


@functools.lru_cache(maxsize=2)
def _archive(source: str) -> zipfile.ZipFile:
    system, path = _places.opened(source)
    return zipfile.ZipFile(io.BufferedReader(system.open_input_file(path)))  # type: ignore[arg-type,unused-ignore]


def _zip(source: str, columns: Columns, tell: Callable[[str], None]) -> list[Picture]:
    try:
        members = _archive(source).infolist()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadDataError(f"{source}: cannot be read as a zip archive: {error}", source) from None
    return [
        Picture(f"{_base(source)}/{_text(member.filename)}", f"{source}/{_text(member.filename)}", member.filename,
                member.file_size)
        for member in sorted(members, key=lambda member: member.filename)
        if _is_picture(member.filename)
    ]  # fmt: skip


def _read_zipped(source: str, place: Any) -> bytes:
    return _archive(source).read(place)


def _tar(source: str, columns: Columns, tell: Callable[[str], None]) -> list[Picture]:
    """Headers alone are read, so that a shard of gigabytes is listed in seconds; tasks read what lies between them."""
    system, path = _places.opened(source)
    pictures: dict[str, Picture] = {}
    try:
        with system.open_input_file(path) as file, tarfile.open(fileobj=file, mode="r:") as shard:
            for member in shard:
                if member.isfile() and _is_picture(member.name):
                    name = _text(member.name)
                    # Of members of one name the last counts, as in tar.
                    pictures[name] = Picture(
                        f"{_base(source)}/{name}", f"{source}/{name}", (member.offset_data, member.size), member.size
                    )
    except (OSError, ValueError, tarfile.TarError) as error:
        raise BadDataError(f"{source}: cannot be read as an uncompressed tar file: {error}", source) from None
    return list(pictures.values())


def _read_tarred(source: str, place: Any) -> bytes:
    system, path = _places.opened(source)
    offset, size = place
    with system.open_input_file(path) as file:
        data = bytes(file.read_at(size, offset))
    if len(data) != size:
        raise OSError(f"expected {size} bytes at {offset}, found {len(data)}")
    return data


def _is_picture(member: str) -> bool:
    base = member.rsplit("/", 1)[-1]
    return not base.startswith(".") and base.lower().endswith(PICTURE_ENDINGS)


def _base(source: str) -> str:
    return _text(source.rsplit("/", 1)[-1])


# ---- Parquet


@functools.lru_cache(maxsize=4)
def _table_file(source: str) -> pq.ParquetFile:
    system, path = _places.opened(source)
    return pq.ParquetFile(system.open_input_file(path))


def _parquet(source: str, columns: Columns, tell: Callable[[str], None]) -> list[Picture]:
    try:
        file = _table_file(source)
    except (OSError, pa.ArrowException) as error:
        raise BadDataError(f"{source}: cannot be read as Parquet: {error}", source) from None
    names = file.schema_arrow.names
    for name in (columns.image, columns.key):
        if name is not None and name not in names:
            raise BadDataError(f"{source}: has no column {name}; expected one of {', '.join(names)}", source)
    kind = file.schema_arrow.field(columns.image).type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") < 0:
        raise BadDataError(f"{source}: {columns.image} is a struct without bytes; expected bytes of picture files", source)
    return list(_rows(source, file, columns))


def _rows(source: str, file: pq.ParquetFile, columns: Columns) -> Iterator[Picture]:
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        size = file.metadata.row_group(group).total_byte_size // max(1, count)
        keys: list[Any] | None = None
        if columns.key is not None:
            keys = file.read_row_group(group, columns=[columns.key]).column(0).to_pylist()
        for row in range(count):
            name = f"{_base(source)}/{group}/{row}" if keys is None else str(keys[row])
            yield Picture(name, f"{source}/{group}/{row}", (columns.image, group, row), size)


@functools.lru_cache(maxsize=1)
def _row_group(source: str, column: str, group: int) -> Any:
    values = _table_file(source).read_row_group(group, columns=[column]).column(0).combine_chunks()
    return values.field("bytes") if pa.types.is_struct(values.type) else values


def _read_cell(source: str, place: Any) -> bytes:
    column, group, row = place
    value = _row_group(source, column, group)[row].as_py()
    if not isinstance(value, bytes):
        raise ValueError(f"expected bytes of a picture file, found {type(value).__name__}")
    return value


_listers: dict[str, Callable[[str, Columns, Callable[[str], None]], list[Picture]]] = {
    "folder": _folder, "list": _list, "picture": _picture, "zip": _zip, "tar": _tar, "parquet": _parquet,
}  # fmt: skip
_readers: dict[str, Callable[[str, Any], bytes]] = {
    "folder": _read_file, "list": _read_listed, "picture": _read_file, "zip": _read_zipped, "tar": _read_tarred,
    "parquet": _read_cell,
}  # fmt: skip
