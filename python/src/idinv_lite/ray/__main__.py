"""`python -m idinv_lite.ray invert …` and `python -m idinv_lite.ray to-folder …`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .._errors import IdinvError, InvalidArgumentError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(64)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m idinv_lite.ray",
        description="Inverts data sets on a Ray cluster, into Parquet. docs/CLUSTER.md says when to take what.",
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    inversion = commands.add_parser(
        "invert",
        help="images to rows with codes",
        description="Inverts images into a folder of Parquet files. Pictures that it has already are not done again; a bad "
        "picture is a row with an error.",
    )
    add = inversion.add_argument
    add("--input", "-i", nargs="+", required=True, metavar="IN",
        help="folders, .list files, .zip archives, .tar shards (WebDataset), .parquet files of bytes, or folders of those; "
        "paths that all machines have, or URIs (s3://, gs://, …)")
    add("--output", "-o", required=True, metavar="OUT", help="folder for Parquet files, or its URI")
    add("--model", "-m", metavar="M.idinv", help="the model file, at this path on all machines (default: the shipped one)")
    add("--column", default="image", help="column of Parquet inputs with the bytes of picture files (default: image)")
    add("--key-column", help="column of Parquet inputs with keys (default: file and row number)")
    how = inversion.add_argument_group("optimization, as in 'idinv-lite invert'")
    add = how.add_argument
    add("--steps", "--iterations", type=int, metavar="N", help="steps at most (default: 100)")
    add("--optimizer", choices=["auto", "adam"], default="auto")
    add("--learning-rate", type=float, default=0.01, metavar="RATE", help="of adam (default: 0.01)")
    add("--lambda-perceptual", type=float, default=5e-5, metavar="W", help="0 leaves the term out (default: 5e-5)")
    add("--lambda-domain", type=float, default=2.0, metavar="W", help="0 leaves the term out (default: 2)")
    add("--start", choices=["encoder", "mean"], default="encoder")
    add("--space", choices=["w+", "w"], default="w+")
    add("--budget", type=float, metavar="S", help="seconds of work for one image; codes then depend on the machine")
    add("--target-psnr", type=float, metavar="DB")
    add("--patience", type=int, metavar="N")
    add("--crop", choices=["none", "center"], default="none", help="what to do with pictures that are not square")
    add("--compute", choices=["auto", "f32", "f16", "int8"], default="auto", help="f32: the same codes on all processors")
    cluster = inversion.add_argument_group("cluster")
    add = cluster.add_argument
    add("--address", metavar="HOST:PORT", help="of a Ray cluster, or auto (default: $RAY_ADDRESS, else this machine alone)")
    add("--workers", type=int, metavar="N", help="processes with a model (default: as many as there is room for)")
    add("--threads", type=int, default=1, metavar="N", help="threads and CPUs of a worker (default: 1)")
    add("--memory-budget", type=int, metavar="BYTES", help="most memory of a worker (default: what its machine has left)")
    add("--rows-per-file", type=int, metavar="N", help="a kill costs what a file holds (default: by the number of images)")
    add("--retry-errors", action="store_true", help="try pictures again that failed before")
    _add_reporting(inversion)

    folder = commands.add_parser(
        "to-folder",
        help="rows to a result folder",
        description="Makes a result folder, as 'idinv-lite invert' writes it, for the editing commands.",
    )
    add = folder.add_argument
    add("results", help="folder that 'invert' has written, or its URI")
    add("--output", "-o", required=True, metavar="DIR")
    add("--model", "-m", metavar="M.idinv", help="the model of the results (default: the shipped one)")
    add("--input", "-i", nargs="+", default=[], metavar="IN", help="the inputs again, for the originals NAME_ori.png")
    add("--column", default="image")
    add("--key-column")
    add("--no-pictures", action="store_true", help="write codes, losses and summary alone")
    _add_reporting(folder)
    return parser


def _add_reporting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", "-q", action="store_true", help="show no progress and no summary")
    parser.add_argument("--json", action="store_true", help="print figures as one JSON object")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code, as `idinv-lite` has them."""
    options = _parser().parse_args(arguments)
    try:
        return _invert(options) if options.command == "invert" else _to_folder(options)
    except IdinvError as error:
        print(f"idinv-lite: {error.reason}", file=sys.stderr)
        return error.status
    except ImportError as error:
        print(f"idinv-lite: {error}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("idinv-lite: interrupted; the same command does the rest", file=sys.stderr)
        return 130


def _invert(given: argparse.Namespace) -> int:
    for name in ("threads", "workers", "rows_per_file", "steps"):
        value = getattr(given, name)
        if value is not None and value < 1:
            raise InvalidArgumentError(f"--{name.replace('_', '-')}: expected 1 or more, found {value}")
    from . import _pipeline, _sources
    from ._rows import Options

    _connect(given)
    outcome = _pipeline.run(
        given.input,
        given.output,
        given.model,
        Options(
            steps=given.steps, optimizer=given.optimizer, learning_rate=given.learning_rate,
            perceptual_weight=given.lambda_perceptual, domain_weight=given.lambda_domain, start=given.start,
            space=given.space, budget=given.budget, target_psnr=given.target_psnr, patience=given.patience,
            crop=given.crop, arithmetic=given.compute,
        ),
        _pipeline.Pool(given.workers, given.threads, given.memory_budget),
        columns=_sources.Columns(given.column, given.key_column),
        rows=given.rows_per_file,
        retries_errors=given.retry_errors,
        progress=_progress(given),
    )  # fmt: skip
    if given.json:
        print(json.dumps({**vars(outcome), "images_per_second": outcome.images_per_second}))
    elif not given.quiet:
        found = f" ({outcome.found} were there before)" if outcome.found else ""
        print(
            f"{outcome.images} images{found}: {outcome.inverted} inverted, {outcome.errors} with errors, in "
            f"{outcome.seconds:.1f} s, {outcome.images_per_second:.2f} images/s; results: {outcome.output}"
        )
    return 0


def _connect(given: argparse.Namespace) -> None:
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    settings: dict[str, Any] = {"log_to_driver": not given.quiet, "logging_level": logging.ERROR}
    address = given.address or os.environ.get("RAY_ADDRESS") or "local"
    if address == "local":
        settings["include_dashboard"] = False
    try:
        _knock(address)
        ray.init(address=address, **settings)
    except (OSError, RuntimeError) as error:
        raise _unavailable(f"--address {address}: no Ray cluster answers: {error}") from None
    ray.data.DataContext.get_current().enable_progress_bars = False


def _knock(address: str) -> None:
    """Raises OSError where nothing listens at HOST:PORT: Ray itself tries for many minutes."""
    host, separator, port = address.rpartition(":")
    if separator and "/" not in host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _progress(given: argparse.Namespace) -> Callable[[int, int], None]:
    """A bar on a terminal; where tqdm is missing, none."""
    if given.quiet or not sys.stderr.isatty():
        return lambda done, missing: None
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return lambda done, missing: None
    bar = tqdm(desc="invert", unit="image")

    def show(done: int, missing: int) -> None:
        bar.total = missing
        bar.update(done)

    return show


def _unavailable(reason: str) -> IdinvError:
    from .._errors import UnavailableError

    return UnavailableError(reason)


def _to_folder(given: argparse.Namespace) -> int:
    from ._folder import to_folder
    from ._sources import Columns

    count = to_folder(
        given.results, given.output, given.model, inputs=given.input, columns=Columns(given.column, given.key_column),
        has_pictures=not given.no_pictures, tell=lambda line: print(f"idinv-lite: {line}", file=sys.stderr),
    )  # fmt: skip
    if given.json:
        print(json.dumps({"images": count, "output": given.output}))
    elif not given.quiet:
        print(f"{count} images: {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
