"""`idinv_lite.ray` on one machine: inputs, rows, resuming, refusals, result folders, readers of Parquet."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import idinv_lite as idinv
import numpy as np
import pytest
from cluster_support import MODEL, codes, environment, make_pictures, rows, timeless
from test_neighbors import program

pytest.importorskip("ray", reason="pip install 'idinv-lite[ray]'")
import idinv_lite.ray as cluster  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from idinv_lite.ray import _places, _sources  # noqa: E402
from idinv_lite.ray._folder import unique_names  # noqa: E402

STEPS = 5


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, model: idinv.Model) -> Path:
    """12 pictures, one of them damaged, one not square, one missing from its list."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = make_pictures(folder, 12, model)
    paths[3].write_bytes(b"no picture")
    idinv.write_image(np.zeros((8, 9, 3), np.uint8), paths[7])
    return folder


@pytest.fixture(scope="module", autouse=True)
def session() -> Iterator[None]:
    """A cluster of one machine, of which the first use takes a while."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        ray.init("local", num_cpus=3, include_dashboard=False, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield
        ray.shutdown()


def run(inputs: Path | list[str], output: Path, **more: Any) -> cluster.Outcome:
    names = inputs if isinstance(inputs, list) else [str(inputs)]
    return cluster.run(names, str(output), MODEL, more.pop("options", cluster.Options(steps=STEPS)), **more)


# ---- Sources


def bytes_of(inputs: list[str], columns: _sources.Columns | None = None) -> dict[str, bytes]:
    found = _sources.listed(inputs, columns or _sources.Columns(), lambda line: None)
    tables = [_sources.read(part) for part in _sources.parts(found, set(), 5)]
    return {row["key"]: row["bytes"] for table in tables for row in table.to_pylist()}


def test_every_source_gives_the_same_bytes(pictures: Path, tmp_path: Path) -> None:
    files = {str(path.relative_to(pictures)): path.read_bytes() for path in sorted(pictures.rglob("*.png"))}
    assert bytes_of([str(pictures)]) == files
    assert bytes_of([pictures.as_uri()]) == files

    (tmp_path / "some.list").write_text("".join(f"{pictures / name}\n" for name in files) + "\n# the end\n")
    assert list(bytes_of([str(tmp_path / "some.list")]).values()) == list(files.values())
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    assert bytes_of([str(tmp_path / "all.zip")]) == {f"all.zip/{name}": data for name, data in files.items()}

    shards = tmp_path / "shards"
    shards.mkdir()
    for number in range(2):
        with tarfile.open(shards / f"shard-{number}.tar", "w") as shard:
            for name in list(files)[number::2]:
                for member, data in ((name, files[name]), (name[:-3] + "json", b"{}")):
                    header = tarfile.TarInfo(member)
                    header.size = len(data)
                    shard.addfile(header, io.BytesIO(data))
    expected = {f"shard-{index % 2}.tar/{name}": data for index, (name, data) in enumerate(files.items())}
    assert bytes_of([str(shards)]) == expected

    cells = list(files.values())
    plain = pa.table({"name": list(files), "image": pa.array(cells, pa.binary())})
    pq.write_table(plain, tmp_path / "plain.parquet", row_group_size=5)
    assert bytes_of([str(tmp_path / "plain.parquet")], _sources.Columns(key="name")) == files
    nested = pa.table({"image": [{"bytes": data, "path": None} for data in cells]})
    pq.write_table(nested, tmp_path / "nested.parquet", row_group_size=5)
    found = bytes_of([str(tmp_path / "nested.parquet")])
    assert list(found.values()) == cells and "nested.parquet/2/1" in found


def test_file_systems_of_fsspec(pictures: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for path in pictures.rglob("*.png"):
        store.pipe(f"/faces/{path.name}", path.read_bytes())
    assert bytes_of(["memory://faces"]) == {path.name: path.read_bytes() for path in pictures.rglob("*.png")}
    _places.write("memory://out/a.bin", b"abc")
    assert _places.read("memory://out/a.bin") == b"abc" and [f["name"] for f in store.ls("/out")] == ["/out/a.bin"]


@pytest.mark.parametrize(
    ("name", "contents", "reason"),
    [
        ("bad.zip", b"no archive", "cannot be read as a zip archive"),
        ("bad.tar", b"no archive", "cannot be read as an uncompressed tar file"),
        ("bad.parquet", b"no table", "cannot be read as Parquet"),
        ("bad.dat", b"", "expected a folder, a picture, or a file that ends in"),
        ("empty.list", b"# nothing\n", "no pictures"),
    ],
)
def test_bad_sources(name: str, contents: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(idinv.IdinvError, match=reason):
        bytes_of([str(tmp_path / name)])
    with pytest.raises(idinv.MissingFileError, match="no such file"):
        bytes_of([str(tmp_path / "missing")])
    with pytest.raises(idinv.InvalidArgumentError, match="expected a path, or a URI"):
        bytes_of(["nowhere://a"])


def test_keys_are_unique(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(idinv.InvalidArgumentError, match="expected keys once"):
        bytes_of([str(pictures), str(pictures)])


def test_names_are_those_of_the_command() -> None:
    keys = ["a/x.png", "b/x.jpg", "c/x-2.png", "d/x.webp", "e/.png", "f/y"]
    assert unique_names(keys) == ["x", "x-3", "x-2", "x-4", "image", "y"]


# ---- Runs


def test_rows(pictures: Path, tmp_path: Path, model: idinv.Model) -> None:
    outcome = run(pictures, tmp_path / "out", pool=cluster.Pool(threads=1), rows=2)
    assert (outcome.images, outcome.inverted, outcome.errors, outcome.found) == (12, 10, 2, 0)
    found = rows(tmp_path / "out")
    assert [row["key"] for row in found] == [f"000/{number:05d}.png" for number in range(12)]
    bad = {row["key"][-8:-4]: row for row in found if row["error"] is not None}
    assert sorted(bad) == ["0003", "0007"] and all(row["code"] is None for row in bad.values())
    assert "expected a PNG, JPEG or WebP file" in bad["0003"]["error"] and "square" in bad["0007"]["error"]
    assert bad["0003"]["error"].startswith(str(pictures / "000" / "00003.png"))

    good = [row for row in found if row["error"] is None]
    files = [pictures / row["key"] for row in good]
    expected = model.invert(files, steps=STEPS)
    assert codes(good).tobytes() == expected.codes.tobytes()
    for index, row in enumerate(good):
        assert row["image_sha256"] == hashlib.sha256(files[index].read_bytes()).hexdigest()
        start = np.asarray(row["start_code"], np.float32).reshape(row["shape"])
        assert np.array_equal(start, expected.start_codes[index]) and row["path"] == str(files[index])
        losses = np.asarray(row["losses"], np.float32).reshape(-1, 4)
        assert np.array_equal(losses, expected.outcomes[index].losses) and row["steps"] == len(losses)
        assert row["stop_reason"] == "steps" and row["seconds"] > 0 and row["psnr_db"] > row["start_psnr_db"] - 1
        # The score is the objective's domain term, but for the 8 bits of the picture.
        assert row["in_domain_mean_square"] == pytest.approx(losses[row["best_step"] - 1, 2], rel=0.05)

    alone = run(pictures, tmp_path / "alone", pool=cluster.Pool(workers=1, threads=2))
    assert alone.errors == 2 and timeless(rows(tmp_path / "alone")) == timeless(found)


def test_the_pipeline_takes_any_data_set(pictures: Path, faces: list[Path]) -> None:
    import ray

    table = pa.table(
        {"key": ["a"], "path": ["a"], "bytes": [faces[0].read_bytes()], "error": [None]}, schema=_sources.PICTURES
    )
    result = cluster.invert(ray.data.from_arrow(table), MODEL, cluster.Options(steps=1)).take_all()
    assert len(result) == 1 and result[0]["key"] == "a" and len(result[0]["code"]) == 640


def test_resuming(pictures: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(pictures, source)
    output = tmp_path / "out"
    run(source, output, rows=3)
    complete = timeless(rows(output))
    files = sorted(output.glob("*.parquet"))
    times = {path: path.stat().st_mtime_ns for path in files[2:]}
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-30])
    lost = 12 - sum(pq.read_table(path).num_rows for path in files[2:])
    told: list[str] = []
    again = run(source, output, rows=3, tell=told.append)
    assert again.found == 12 - lost and timeless(rows(output)) == complete
    assert len(told) == 1 and "is damaged" in told[0] and files[1].name in told[0]
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert run(source, output).found == 12

    shutil.copy(source / "000" / "00000.png", source / "000" / "00003.png")
    assert run(source, output).errors == 2
    repaired = run(source, output, retries_errors=True)
    assert (repaired.found, repaired.inverted, repaired.errors) == (10, 11, 1)
    assert len(rows(output)) == 12


def test_other_runs_are_refused(pictures: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(pictures, output)
    with pytest.raises(idinv.BadDataError, match=r"steps 5 \(now 6\)"):
        run(pictures, output, options=cluster.Options(steps=6))
    description = json.loads((output / "_run.json").read_text())
    (output / "_run.json").write_text(json.dumps({**description, "model_sha256": "0"}))
    with pytest.raises(idinv.BadDataError, match="model_sha256 0"):
        run(pictures, output)
    (output / "_run.json").unlink()
    with pytest.raises(idinv.BadDataError, match="expected a new folder"):
        run(pictures, output)


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"steps": 0}, "steps"), ({"optimizer": "sgd"}, "optimizer"), ({"domain_weight": -1.0}, "domain_weight")],
)
def test_options_are_checked_before_the_work(
    pictures: Path, tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(idinv.InvalidArgumentError, match=reason):
        run(pictures, tmp_path / "out", options=cluster.Options(**options))
    assert not (tmp_path / "out").exists()


def test_no_room(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(idinv.UnavailableError, match="no node of the cluster has 64 CPUs"):
        run(pictures, tmp_path / "out", pool=cluster.Pool(threads=64))


# ---- Result folders and readers


@pytest.fixture(scope="module")
def results(pictures: Path, tmp_path_factory: pytest.TempPathFactory, session: None) -> Path:
    output = tmp_path_factory.mktemp("results") / "out"
    run(pictures, output, rows=4)
    return output


def test_result_folder(results: Path, pictures: Path, tmp_path: Path) -> None:
    command = program()
    if command is None:
        pytest.skip("the program idinv-lite is not there")
    folder, expected = tmp_path / "folder", tmp_path / "expected"
    assert cluster.to_folder(str(results), folder, MODEL, inputs=[str(pictures)]) == 10
    subprocess.run(
        [command, "invert", pictures / "000", "-m", MODEL, "-q", "--iterations", str(STEPS), "-o", expected], check=False, stderr=-1
    )
    # The command also lists, in a hidden file, what is its own.
    names = sorted(path.name for path in expected.iterdir() if not path.name.startswith("."))
    assert sorted(path.name for path in folder.iterdir()) == [name for name in names if name != "inversion.html"]
    for name in names:
        if name.endswith((".png", ".npy", ".txt")):
            assert (folder / name).read_bytes() == (expected / name).read_bytes(), name
    ours, theirs = ([json.loads(line) for line in (place / "losses.jsonl").open()] for place in (folder, expected))
    assert len(ours) == len(theirs) == 10 * STEPS
    for one, other in zip(ours, theirs):
        assert {**one, "seconds": 0} == pytest.approx({**other, "seconds": 0})
    summary, known = (json.loads((place / "summary.json").read_text()) for place in (folder, expected))
    assert summary["skipped"] == known["skipped"] and summary["stop_reasons"] == known["stop_reasons"]
    assert summary["median_psnr_db"] == pytest.approx(known["median_psnr_db"])
    assert [image["inverted"]["psnr_db"] for image in summary["images"]] == pytest.approx(
        [image["inverted"]["psnr_db"] for image in known["images"]]
    )
    boundary = MODEL.parent / "boundaries" / "smile.npy"
    subprocess.run(
        [command, "manipulate", folder, "-m", MODEL, "-b", boundary, "-q", "-o", tmp_path / "edited"], check=True
    )


def test_a_folder_of_another_model_is_refused(results: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.idinv"
    shutil.copy(MODEL.parent / "conventional.idinv", other)
    with pytest.raises(idinv.BadDataError, match="is another model"):
        cluster.to_folder(str(results), tmp_path / "folder", other)
    with pytest.raises(idinv.MissingFileError, match="has no results"):
        cluster.to_folder(str(tmp_path), tmp_path / "folder", MODEL)


def test_pandas(results: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(results).sort_values("key")
    assert list(frame.columns) == cluster.SCHEMA.names and len(frame) == 12
    good = frame[frame.error.isna()]
    assert np.stack(good.code.to_numpy()).astype(np.float32).reshape(-1, 10, 64).tobytes() == codes(
        [row for row in rows(results) if row["error"] is None]
    ).tobytes()


def test_duckdb(results: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    table = duckdb.sql(f"describe select * from '{results}/*.parquet'").fetchall()
    kinds = {name: kind for name, kind, *_ in table}
    assert list(kinds) == cluster.SCHEMA.names
    assert (kinds["code"], kinds["shape"], kinds["steps"]) == ("FLOAT[]", "INTEGER[]", "INTEGER")
    assert (kinds["key"], kinds["psnr_db"], kinds["seconds"]) == ("VARCHAR", "DOUBLE", "DOUBLE")
    (counted,) = duckdb.sql(
        f"select count(*), count(error), min(len(code)), avg(psnr_db) from '{results}/*.parquet'"
    ).fetchall()
    assert counted[:3] == (12, 2, 640) and counted[3] > 15


@pytest.fixture(scope="module")
def spark() -> Any:
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    yield session
    session.stop()


def test_spark(results: Path, spark: Any) -> None:
    frame = spark.read.parquet(str(results))
    kinds = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    assert list(kinds) == cluster.SCHEMA.names
    assert (kinds["code"], kinds["shape"], kinds["steps"]) == ("array<float>", "array<int>", "int")
    assert (kinds["error"], kinds["psnr_db"], kinds["in_domain_mean_square"]) == ("string", "double", "double")
    assert frame.filter("error is null and size(code) = 640").count() == 10


# ---- The command


def command(*arguments: Any) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "idinv_lite.ray", *map(str, arguments)]
    return subprocess.run(words, check=False, capture_output=True, text=True, env=environment())


def test_the_command(pictures: Path, results: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    words = ["invert", "-m", MODEL, "--input", pictures, "--output", output, "--steps", STEPS, "--workers", 1]
    first = command(*words)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("12 images: 10 inverted, 2 with errors, in ")
    assert timeless(rows(output)) == timeless(rows(results))
    again = command(*words, "--json")
    assert json.loads(again.stdout)["found"] == 12
    other = command(*words[:-4], "--steps", 6)
    assert other.returncode == 65 and other.stderr.strip().count("\n") == 0 and "steps 5 (now 6)" in other.stderr
    folder = command("to-folder", output, "-m", MODEL, "-o", tmp_path / "folder", "--no-pictures")
    assert folder.returncode == 0 and folder.stdout.startswith("10 images: "), folder.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["invert"], 64, "--input"),
        (["invert", "-i", "a", "-o", "b", "--threads", "0"], 64, "--threads: expected 1 or more, found 0"),
        (["invert", "-i", "a", "-o", "b", "--address", "127.0.0.1:1"], 69, "no Ray cluster answers"),
        (["to-folder", "nowhere", "-o", "b"], 66, "has no results"),
    ],
)
def test_refusals_of_the_command(arguments: list[str], status: int, reason: str) -> None:
    result = command(*arguments)
    assert result.returncode == status and reason in result.stderr, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["invert", "to-folder"])
def test_pinned_help(name: str) -> None:
    """The tests of documents look up options there. After a wanted change: COLUMNS=100 python -m idinv_lite.ray NAME --help"""
    pinned = (MODEL.parents[1] / "Tests" / "CommandTests" / "Help" / f"ray-{name}.txt").read_text()
    options = re.compile(r"--[a-z][a-z-]*")
    assert set(options.findall(command(name, "--help").stdout)) == set(options.findall(pinned))
