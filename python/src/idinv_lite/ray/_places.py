"""Files on the local disk, on object stores and on everything else that Arrow or fsspec reaches, under one kind of name."""

from __future__ import annotations

import functools
import os
import posixpath
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from .._errors import InvalidArgumentError, MissingFileError

#: Stores whose files appear whole, when they are closed; everywhere else a file is written beside its place, and moved there.
_STORES_OF_WHOLE_FILES = ("s3", "gcs", "abfs")


def absolute(name: str | os.PathLike[str]) -> str:
    """The name by which all machines of a cluster know a file: paths become absolute, URIs stay as they are."""
    text = os.fspath(name)
    return text if "://" in text else os.path.abspath(text)


@functools.lru_cache(maxsize=64)
def opened(name: str) -> tuple[Any, str]:
    """The file system of a path or URI, and the path in it.

    Raises:
        InvalidArgumentError: where neither Arrow nor fsspec knows the URI's scheme.
    """
    if "://" not in name:
        return pafs.LocalFileSystem(), os.path.abspath(name)
    try:
        system, path = pafs.FileSystem.from_uri(name)
        return system, path
    except pa.ArrowException:
        pass
    try:
        from fsspec.core import url_to_fs

        other, path = url_to_fs(name)
    except (ImportError, ValueError) as error:
        raise InvalidArgumentError(
            f"{name}: expected a path, or a URI that Arrow or an installed fsspec package reads: {error}"
        ) from None
    return pafs.PyFileSystem(pafs.FSSpecHandler(other)), path


def kind(name: str) -> str:
    """`file` or `folder`.

    Raises:
        MissingFileError: where there is neither.
    """
    system, path = opened(name)
    found = system.get_file_info(path).type
    if found == pafs.FileType.NotFound:
        raise MissingFileError(f"{name}: no such file", name)
    return "folder" if found == pafs.FileType.Directory else "file"


def joined(name: str, child: str) -> str:
    """A file in a folder."""
    return posixpath.join(name, child)


def read(name: str) -> bytes:
    """The bytes of a file."""
    system, path = opened(name)
    with system.open_input_stream(path) as stream:
        return bytes(stream.read())


def write(name: str, contents: Any) -> None:
    """Writes a file, whole or not at all: bytes, or what has `write_to(stream)`."""
    system, path = opened(name)
    is_whole = system.type_name.split("+")[-1] in _STORES_OF_WHOLE_FILES
    folder, base = posixpath.split(path)
    # Whoever reads the folder leaves out what begins with a dot, and what does not end as data do.
    beside = path if is_whole else posixpath.join(folder, f".{base}.{os.getpid()}.tmp")
    with system.open_output_stream(beside) as stream:
        if isinstance(contents, bytes):
            stream.write(contents)
        else:
            contents(stream)
    if not is_whole:
        system.move(beside, path)
