"""A reader written from docs/file-format.md alone reads what the library writes; the document's tables are the schema."""

from __future__ import annotations

import ast
import re
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tb_explain import ExplainWriter
from tb_explain.projections import Placed, Rows, Thumbnails, column_of
from tb_explain.projections.record import record_of
from tb_explain.records import DamagedRecord, Record, SegmentWriter, decode_array, encode_array
from tb_explain.records import explain_pb2 as pb

from ..conftest import index_of
from . import foreign_reader as foreign

DOCUMENT = Path(__file__).parents[2] / "docs" / "file-format.md"
HEATMAPS = 7
PAYLOADS_OF_RECORDS = (
    "Summary",
    "Heatmaps",
    "Superpixels",
    "Occlusion",
    "OcclusionPairs",
    "Correlations",
    "Clusters",
    "Reconstructions",
    "Channels",
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Maps with every optional part, exact ones, a purge, a failure, a second segment; then the writer's tail torn off."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (3, 70, 70, 3), np.uint8)
    with ExplainWriter(tmp_path) as writer:
        for step in (5, -3, 5, 70_000):
            writer.add_heatmaps(
                "full",
                random.normal(size=(3, 2, 4, 5)),
                pixels,
                step,
                walltime=step + 0.5,
                dataformats="NHWC",
                targets=[[0, 1], [-1, 1], [2, 0]],
                probabilities=[[0.5, 0.25], [np.nan, 0.1], [1, 0]],
                labels=[0, 1, 2],
                predicted=[2, 1, 0],
                predicted_probabilities=[0.9, 0.8, 0.7],
                class_names=["cat", "Hündchen", "鳥"],
                sample_names=["a.png", "", "c"],
                method="Own",
                layer="x.y",
                description="Anything.",
            )
        writer.add_heatmaps("exact", random.normal(size=(2, 3, 3)) * 1e-9, None, 1, exact=True)
        writer.add_heatmaps("flagged", np.full((1, 2, 2), np.nan), None, 1)
        writer.explain(None, None, 8, [])  # type: ignore[arg-type]  # fails
    with ExplainWriter(tmp_path, purge_step=100) as writer:
        writer.add_heatmaps("full", random.random((1, 4, 5)), None, 200, layer="other")
    return tmp_path


def assert_both_read_the_same(directory: Path) -> int:
    """Returns the number of records shown."""
    index = index_of(directory)
    read = foreign.read_run(directory)
    counts = index.counts()
    assert (read.unknown, read.damaged) == (counts.unknown, counts.damaged)
    assert sum(f["count"] or 1 for f in read.failures) == counts.failed + counts.dropped
    assert [f["failure"]["message"] for f in read.failures] == [f.failure.message for f in index.failures()]
    assert read.declarations.keys() == {(s.declaration.tag, s.declaration.kind) for s in index.series()}
    n = 0
    for series in index.series():
        name = series.declaration.tag, series.declaration.kind
        declared = read.declarations[name]
        assert {key: getattr(series.declaration, key) for key in declared} == declared
        steps, records = index.steps(series), read.records.get(name, [])
        assert steps.step.tolist() == [record.step for record in records]
        assert steps.wall_time.tolist() == [record.wall_time for record in records]
        assert steps.count.tolist() == [record.count for record in records]
        assert [f"{key.segment}-{key.entry}" for key in steps.keys] == [record.key for record in records]
        for key, record in zip(steps.keys, records, strict=True):
            try:
                assert index.read(key) == record.payload
            except DamagedRecord:
                assert record.payload is None
            n += 1
    for (kind, name), payload in read.blobs.items():
        assert payload is not None
        assert index.read_blob(kind, name) == payload
        assert foreign.content_hash(payload) == name
    return n


def test_a_reader_written_from_the_document_reads_what_the_library_reads(run: Path) -> None:
    assert assert_both_read_the_same(run) == 6
    read = foreign.read_run(run)
    assert [record.step for record in read.records["full", HEATMAPS]] == [-3, 5, 5, 200], "70 000 is purged"
    assert len(read.blobs) == 4, "three pictures and the class names, once"
    assert len(read.failures) == 1


def test_the_payloads_decode_to_the_same_values(run: Path) -> None:
    for records in foreign.read_run(run).records.values():
        for record in records:
            assert record.payload
            theirs, ours = foreign.parse(foreign.HEATMAPS, record.payload), pb.Heatmaps.FromString(record.payload)
            maps = decode_array(ours.maps)
            assert theirs["maps"]["shape"] == list(maps.shape)
            np.testing.assert_array_equal(np.array(foreign.values_of(theirs["maps"]), np.float32), maps.ravel())
            for name in ("targets", "flags"):
                assert theirs[name] == list(getattr(ours, name))
            np.testing.assert_array_equal(theirs["probabilities"], list(ours.probabilities))
            for name in ("classes", "signed", "class_dependent", "height", "width"):
                assert theirs[name] == getattr(ours, name)
            for sample, expected in zip(theirs["samples"], ours.samples, strict=True):
                assert sample["image"] == expected.image
                assert sample["name"] == expected.name
                for name in ("label", "predicted", "probability"):
                    assert sample[name] == (getattr(expected, name) if expected.HasField(name) else None)


def test_class_names_and_pictures_are_found_by_their_hashes(run: Path) -> None:
    read = foreign.read_run(run)
    payload = read.records["full", HEATMAPS][0].payload
    assert payload
    message = foreign.parse(foreign.HEATMAPS, payload)
    names = read.blobs[6, message["classes"]]
    assert names
    assert foreign.parse(foreign.CLASS_NAMES, names)["names"] == ["cat", "Hündchen", "鳥"]
    assert [read.blobs[5, sample["image"]] for sample in message["samples"]] == [
        picture for (kind, _), picture in read.blobs.items() if kind == 5
    ]


def test_clusters_of_voxels_are_read_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    assignments, support = random.integers(0, 300, (2, 2, 3, 4)), random.normal(size=(2, 2, 3, 4)).astype(np.float16)
    voxels = random.integers(0, 256, (2, 1, 4, 6, 8), np.uint8)
    with ExplainWriter(tmp_path) as writer:
        writer.add_clusters(
            "clusters",
            assignments,
            voxels,
            3,
            order=2,
            support=support,
            evidence=random.normal(size=(2, 4)).astype(np.float32),
            patches=[
                {"cluster": 5, "image": voxels[1], "label": 0, "distance": 1.5},
                {"cluster": 0, "image": voxels[0]},
            ],
            feedback={"assignments": assignments[::-1].copy(), "ids": range(7, 7 + int(assignments.max()) + 1)},
            turning=[1, -1],
            novelty=[0.5, 0.25],
            labels=[0, 3],
            predicted=[3, 3],
        )
    assert assert_both_read_the_same(tmp_path) == 1
    read = foreign.read_run(tmp_path)
    payload = read.records["clusters", 13][0].payload
    assert payload
    theirs, ours = foreign.parse(foreign.CLUSTERS, payload), pb.Clusters.FromString(payload)
    for name in ("targets", "height", "width", "order", "turning", "novelty"):
        assert theirs[name] == (getattr(ours, name) if isinstance(theirs[name], int) else list(getattr(ours, name)))
    assert theirs["turning"] == [1, -1]
    for path, values in (("forward", assignments), ("feedback", assignments[::-1])):
        found, expected = theirs[path], getattr(ours, path)
        assert foreign.values_of(found["assignments"]) == values.ravel().tolist()
        assert found["assignments"]["shape"] == [2, 2, 3, 4]
        assert found["ids"] == list(expected.ids)
        for name in ("shares", "purity", "entropy"):
            assert found[name] == list(getattr(expected, name))
        np.testing.assert_array_equal(foreign.values_of(found["histograms"]), decode_array(expected.histograms).ravel())
        assert found["association"] == expected.association
    assert foreign.values_of(theirs["forward"]["support"]) == support.ravel().tolist()
    np.testing.assert_array_equal(
        foreign.values_of(theirs["forward"]["evidence"]), decode_array(ours.forward.evidence).ravel()
    )
    assert theirs["feedback"]["evidence"] is None
    first, second = theirs["forward"]["patches"]
    assert (first["cluster"], first["label"], first["distance"], second["label"]) == (5, 0, 1.5, None)
    for patch, shown in ((first, voxels[1, 0]), (second, voxels[0, 0])):
        stored = read.blobs[14, patch["picture"]["volume"]]
        assert stored
        volume = foreign.parse(foreign.VOLUME, stored)
        assert (volume["depth"], volume["height"], volume["width"]) == shown.shape
        assert zlib.decompress(volume["deflated"]) == shown.tobytes()
        assert (5, patch["picture"]["image"]) in read.blobs


def test_projections_are_read_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    n = 40
    labels = np.arange(n) % 3
    rows = Rows(
        random.choice(2**53 - 1, n, replace=False) + 1,
        labels=np.where(labels == 2, -1, labels),
        predicted=random.permutation(labels),
        probabilities=random.random(n),
        class_names=["cat", "鳥"],
        columns={
            "loss": column_of("loss", [np.nan, *random.normal(size=n - 1)]),
            "site": column_of("site", [None, *["here", "there"] * 19, "there"]),
        },
        thumbnails=Thumbnails.of(random.integers(0, 256, (n, 120, 120), np.uint8)),
        dropped=3,
    )
    near = (np.arange(n)[:, None] + [1, 2, 5]) % n
    positions = random.normal(size=(n, 3)).astype(np.float32)
    placed = Placed(positions, n - 1, near, random.random((n, 3)), ("One sentence.",), {"displacement": 0.5})
    segment = SegmentWriter(tmp_path)
    series = pb.Series(tag="t", kind=pb.PROJECTION, method="UMAP", layer="fc.input")
    segment.append(record_of(segment, series, 7, 7.5, rows, placed, random.normal(size=(n, 4))).records)
    segment.close()

    assert assert_both_read_the_same(tmp_path) == 1
    read = foreign.read_run(tmp_path)
    (record,) = read.records["t", 17]
    assert record.payload and record.count == n
    theirs, ours = foreign.parse(foreign.PROJECTION, record.payload), pb.Projection.FromString(record.payload)
    assert (theirs["rows"], theirs["dropped"], theirs["fitted"], theirs["notes"]) == (n, 3, n - 1, ["One sentence."])

    def values(column: dict[str, Any]) -> NDArray[np.float64]:
        return np.array(foreign.column_values(read, column)).reshape(column["shape"])

    np.testing.assert_allclose(values(theirs["positions"]), positions, atol=0.51 * theirs["positions"]["scale"])
    assert foreign.column_values(read, theirs["ids"]) == rows.ids.tolist()
    assert values(theirs["labels"]).tolist() == np.where(labels == 2, 65535, labels).tolist()
    assert rows.predicted is not None and values(theirs["predicted"]).tolist() == rows.predicted.tolist()
    np.testing.assert_allclose(values(theirs["probabilities"]), rows.probabilities, atol=1e-5)
    np.testing.assert_array_equal(values(theirs["neighbours"]), near)
    np.testing.assert_allclose(values(theirs["distances"]), placed.distances, rtol=1e-3)
    assert foreign.parse(foreign.CLASS_NAMES, read.blobs[6, theirs["classes"]] or b"")["names"] == ["cat", "鳥"]
    loss, site, silhouette, purity = theirs["columns"]
    np.testing.assert_array_equal(values(loss["values"]).astype(np.float32), rows.columns["loss"].values)
    assert (loss["low"], loss["high"]) == (ours.columns[0].low, ours.columns[0].high)
    names = foreign.parse(foreign.CLASS_NAMES, read.blobs[6, site["categories"]] or b"")["names"]
    shown = [None if code == 65535 else names[int(code)] for code in values(site["values"])]
    assert shown == [None, *["here", "there"] * 19, "there"]
    assert (silhouette["name"], purity["name"]) == ("silhouette", "knn_purity")
    sheets = values(theirs["thumbnails"]["sheets"]).astype(np.uint8)
    pictures = tuple(read.blobs[5, sheet.tobytes()] for sheet in sheets)
    assert rows.thumbnails is not None and pictures == rows.thumbnails.sheets and len(pictures) == 3
    tile = theirs["thumbnails"]
    assert (tile["height"], tile["width"], tile["down"], tile["across"]) == (120, 120, 4, 4)
    assert [(one["name"], one["value"], one["better"]) for one in theirs["measures"]] == [
        (one.name, one.value, one.better) for one in ours.measures
    ]
    found, expected = theirs["class_distances"], ours.class_distances
    for name in ("classes", "counts", "spreads", "silhouettes", "purities"):
        assert found[name] == list(getattr(expected, name)), name
    assert found["classes"] == [0, 1] and found["agreement"] != found["agreement"], "one pair has no correlation"
    for name in ("distances", "neighbours", "confusions"):
        assert values(found[name]).shape == (2, 2), name
    assert values(found["confusions"]).sum() == ((labels < 2) & (rows.predicted < 2)).sum()
    (pair,), (other,) = found["pairs"], expected.pairs
    assert pair == {name: getattr(other, name) for name in pair} | {"rows": list(other.rows)}


def test_both_agree_about_every_torn_length_of_an_index_file(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path)
    series = pb.Series(tag="t", kind=pb.HEATMAPS)
    records = segment.series(series)
    for step in range(2):
        records.append(Record(pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, count=1), b"payload"))
    segment.append(records)
    segment.close()
    index = Path(f"{segment.path}.index")
    whole = index.read_bytes()
    shown = []
    for size in range(len(whole), -1, -1):
        index.write_bytes(whole[:size])
        shown.append(assert_both_read_the_same(tmp_path))
    assert shown == sorted(shown, reverse=True)
    assert set(shown) == {0, 1, 2}


def test_both_agree_about_every_flipped_byte_of_an_index_file(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path)
    series = pb.Series(tag="t", kind=pb.HEATMAPS)
    records = segment.series(series)
    for step in range(3):
        records.append(Record(pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, count=1), b"payload"))
    segment.append(records)
    segment.close()
    index = Path(f"{segment.path}.index")
    whole = index.read_bytes()
    for position in range(len(whole)):
        index.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        assert_both_read_the_same(tmp_path)
        read = index_of(tmp_path)
        assert read.counts().damaged >= 1, f"byte {position} was changed unseen"


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i4", "<f2", "<f4", "<u4", "<u8"])
def test_every_dtype_is_read(dtype: str) -> None:
    values = np.random.default_rng(0).integers(0, 100, (2, 3)).astype(dtype)
    array = foreign.parse(foreign.ARRAY, encode_array(values).SerializeToString())
    assert foreign.values_of(array) == values.ravel().tolist()


def test_the_foreign_reader_needs_the_standard_library_only() -> None:
    tree = ast.parse(Path(foreign.__file__).read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names, imported - sys.stdlib_module_names


def test_the_check_value_of_the_document_is_that_of_the_crc() -> None:
    (value,) = re.findall(r"`123456789` it is (0x[0-9A-F]{8})", DOCUMENT.read_text())
    assert foreign.crc32c(b"123456789") == int(value, 16)


def document_tables() -> dict[str, list[list[str]]]:
    """The rows of each table of the document, below the message (or other heading) that it is about."""
    tables: dict[str, list[list[str]]] = {}
    heading, rows = "", None
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        if not line.startswith("|"):
            rows = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if rows is None:
            name = cells[1] if cells[0] == "no." and cells[1] != "field" else cells[0] if cells[0] != "no." else heading
            rows = tables.setdefault(name, [])
        elif not set(cells[0]) <= set("-"):
            rows.append(cells)
    return tables


@pytest.mark.parametrize("message", list(pb.DESCRIPTOR.message_types_by_name))
def test_the_document_has_every_field_with_its_number_and_type(message: str) -> None:
    descriptor = pb.DESCRIPTOR.message_types_by_name[message]
    types = {
        value: name.removeprefix("TYPE_").lower()
        for name, value in vars(type(descriptor.fields[0])).items()
        if name.startswith("TYPE_")
    }
    schema = []
    for one in descriptor.fields:
        named = one.message_type or one.enum_type
        kind = named.name if named else types[one.type]
        prefix = "repeated " if one.is_repeated else "optional " if one.has_presence and not one.message_type else ""
        schema.append((str(one.number), one.name, prefix + kind))
    tables = document_tables()
    rows = tables.get(message, [])
    if message in PAYLOADS_OF_RECORDS:
        rows = sorted(tables["What the payloads of records share"] + rows, key=lambda row: int(row[0]))
    assert [(row[0], row[1], row[2].removesuffix(" (varint)")) for row in rows] == schema


@pytest.mark.parametrize(("enum", "table"), [("Kind", "Kind"), ("Flag", "bit of flags"), ("DType", None)])
def test_the_document_has_every_value_of_the_enums(enum: str, table: str | None) -> None:
    text = DOCUMENT.read_text()
    for value in pb.DESCRIPTOR.enum_types_by_name[enum].values:
        if value.number == 0:
            continue
        if table is None:
            assert re.search(rf"\b{value.number} {value.name}\b", text), value.name
        else:
            names = {row[0]: re.split(r"\W", row[1])[0] for row in document_tables()[table]}
            assert names[str(value.number)] == value.name
