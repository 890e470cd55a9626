"""ExplainWriter is a SummaryWriter in every respect, and what it is given to log is what is read back."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tb_explain import ExplainWriter, Probe, payloads
from tb_explain.declared import as_series
from tb_explain.methods import EigenCAM, GradCAM
from tb_explain.records import decode_array
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of
from tests.faults.helpers import wait

MAPS = np.random.default_rng(0).random((3, 4, 5), dtype=np.float32)
PIXELS = np.random.default_rng(1).integers(0, 256, (3, 8, 9, 3), np.uint8)


def steps_of(run: Path | str, tag: str) -> list[int]:
    index = index_of(run)
    series = index.find(tag, pb.HEATMAPS)
    return index.steps(series).step.tolist() if series else []


def newest(run: Path | str, tag: str) -> pb.Heatmaps:
    index = index_of(run)
    series = index.find(tag, pb.HEATMAPS)
    assert series, f"no series {tag}"
    return pb.Heatmaps.FromString(index.read(index.steps(series).keys[-1]))


def event_files(run: Path | str) -> list[Path]:
    return [path for path in Path(run).rglob("*") if "tfevents" in path.name]


def events(run: Path | str) -> list[Event]:
    (file,) = event_files(run)
    return list(LegacyEventFileLoader(str(file)).Load())


def markers(run: Path | str) -> list[tuple[str, int]]:
    """Tag and step of each summary that belongs to the plugin."""
    return [
        (value.tag, event.step)
        for event in events(run)
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "tb_explain"
    ]


class Network(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
        )


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return Network()


@pytest.fixture
def probe() -> Probe:
    images = torch.rand(3, 1, 6, 7, generator=torch.Generator().manual_seed(0))
    return Probe(images, [0, 1, 2], class_names=["a", "b", "c"], name="val")


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    with ExplainWriter(tmp_path) as writer:
        yield writer


# --- SummaryWriter ---------------------------------------------------------------------------------------------------

VERBS: dict[str, Callable[[SummaryWriter], Any]] = {
    "add_scalar": lambda w: w.add_scalar("x", 1.5, 3, walltime=5.0),
    "add_scalars": lambda w: w.add_scalars("many", {"a": 1.0, "b": 2.0}, 3),
    "add_tensor": lambda w: w.add_tensor("x", torch.arange(3.0), 3),
    "add_histogram": lambda w: w.add_histogram("x", np.arange(9.0), 3),
    "add_histogram_raw": lambda w: w.add_histogram_raw("x", 0, 2, 3, 3, 5, [1, 2, 3], [1, 1, 1], 3),
    "add_image": lambda w: w.add_image("x", PIXELS[0], 3, dataformats="HWC"),
    "add_images": lambda w: w.add_images("x", PIXELS, 3, dataformats="NHWC"),
    "add_image_with_boxes": lambda w: w.add_image_with_boxes(
        "x", PIXELS[0], np.array([[1, 1, 4, 4]]), 3, dataformats="HWC"
    ),
    "add_text": lambda w: w.add_text("x", "words", 3),
    "add_pr_curve": lambda w: w.add_pr_curve("x", np.array([0, 1, 1]), np.array([0.2, 0.6, 0.9]), 3),
    "add_pr_curve_raw": lambda w: w.add_pr_curve_raw("x", *np.ones((6, 4)), global_step=3, num_thresholds=4),
    "add_embedding": lambda w: w.add_embedding(torch.rand(4, 3), metadata=["a", "b", "c", "d"], global_step=3),
    "add_hparams": lambda w: w.add_hparams({"lr": 0.1}, {"accuracy": 0.5}, run_name="hparams"),
    "add_custom_scalars": lambda w: w.add_custom_scalars({"page": {"chart": ["Multiline", ["x"]]}}),
    "add_custom_scalars_multilinechart": lambda w: w.add_custom_scalars_multilinechart(["x", "y"]),
    "add_custom_scalars_marginchart": lambda w: w.add_custom_scalars_marginchart(["x", "y", "z"]),
    "add_graph": lambda w: w.add_graph(Network(), torch.rand(1, 1, 6, 7)),
    "add_mesh": lambda w: w.add_mesh("x", torch.rand(1, 5, 3), global_step=3),
    "add_figure": lambda w: w.add_figure("x", _figure(), 3),
    "add_audio": lambda w: w.add_audio("x", torch.rand(1, 80) * 2 - 1, 3, sample_rate=8000),
    "add_video": lambda w: w.add_video("x", torch.randint(0, 255, (1, 2, 3, 8, 8), dtype=torch.uint8), 3),
    "add_onnx_graph": lambda w: w.add_onnx_graph("nothing.onnx"),
}


def _figure() -> Any:
    figure = pytest.importorskip("matplotlib.figure")
    return figure.Figure(figsize=(1, 1))


def what_is_in(run: Path) -> list[Any]:
    """Everything that event files of a run say, except when it was said and where the run is."""
    found = []
    for file in sorted(event_files(run), key=lambda path: str(path.parent)):
        for event in LegacyEventFileLoader(str(file)).Load():
            event.wall_time = 0
            found.append((str(file.parent.relative_to(run)), event))
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_summarywriter_does_what_it_does_there(tmp_path: Path, verb: str) -> None:
    outcomes = []
    for kind in (SummaryWriter, ExplainWriter):
        run = tmp_path / kind.__name__
        torch.manual_seed(0)
        with kind(run) as writer:
            if kind is ExplainWriter:
                writer.add_heatmaps("explained", MAPS)
            try:
                VERBS[verb](writer)
                error = None
            except Exception as raised:  # an optional package is missing: then with both
                error = f"{type(raised).__name__}: {raised}"
        read = [
            (where, event)
            for where, event in what_is_in(run)
            if not any(value.tag == "explained" for value in event.summary.value)
        ]
        outcomes.append((error, read))
    plain, explaining = outcomes
    assert explaining[0] == plain[0]
    assert [where for where, _ in explaining[1]] == [where for where, _ in plain[1]]
    assert explaining[1] == plain[1]


def test_no_verb_of_summarywriter_was_forgotten() -> None:
    verbs = {name for name in dir(SummaryWriter) if name.startswith("add_")}
    assert verbs <= VERBS.keys(), verbs - VERBS.keys()


def test_the_arguments_are_those_of_summarywriter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ExplainWriter(comment="_mine", filename_suffix=".suffix") as writer:
        writer.add_heatmaps("maps", MAPS)
    assert re.fullmatch(r"runs/\w+.*_mine", str(writer.log_dir))
    (file,) = event_files(tmp_path)
    assert file.name.endswith(".suffix")
    assert steps_of(writer.log_dir, "maps") == [0]


# --- The event file --------------------------------------------------------------------------------------------------


def test_there_is_one_event_file_and_each_tag_is_marked_in_it_once(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        for step in range(5):
            writer.add_scalar("loss", 1.0, step)
            writer.add_heatmaps("a", MAPS, global_step=step + 10)
            writer.add_heatmaps("b", MAPS, global_step=step + 20)
    assert len(event_files(tmp_path)) == 1
    assert markers(tmp_path) == [("a", 10), ("b", 20)]


def test_a_mark_is_a_tensor_of_one_element_that_tensorboard_lists(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        writer.add_heatmaps("maps", MAPS, global_step=7, walltime=123.0)
    (value,) = [v for event in events(tmp_path) for v in event.summary.value]
    assert value.metadata.data_class == DATA_CLASS_TENSOR
    assert value.metadata.plugin_data.content == b'{"version":1}'
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == [1]
    assert list(value.tensor.float_val) == [0.0]
    loaded = EventAccumulator(str(tmp_path))
    loaded.Reload()
    assert loaded.PluginTagToContent("tb_explain") == {"maps": b'{"version":1}'}
    (event,) = loaded.Tensors("maps")
    assert (event.step, event.wall_time) == (7, 123.0)


def test_marks_are_on_file_at_once(tmp_path: Path) -> None:
    """TensorBoard lists the run as soon as there is something to see."""
    writer = ExplainWriter(tmp_path, max_queue=1000, flush_secs=1000)
    writer.add_heatmaps("maps", MAPS)
    assert markers(tmp_path) == [("maps", 0)]
    writer.close()


def test_a_writer_that_explains_nothing_leaves_no_trace(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        writer.add_scalar("loss", 1.0, 0)
    assert markers(tmp_path) == []
    assert not (tmp_path / "plugins").exists()


def test_names_of_record_files_never_contain_tfevents(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path, filename_suffix=".tfevents") as writer:
        writer.add_heatmaps("tfevents", MAPS, method="tfevents", layer="tfevents")
    assert len(event_files(tmp_path)) == 1
    assert not event_files(tmp_path / "plugins")


# --- add_heatmaps ----------------------------------------------------------------------------------------------------


def test_what_is_logged_is_what_is_read(tmp_path: Path, writer: ExplainWriter) -> None:
    maps = np.random.default_rng(0).normal(size=(3, 2, 4, 5)).astype(np.float32)
    writer.add_heatmaps(
        "maps",
        maps,
        PIXELS,
        global_step=9,
        walltime=77.5,
        dataformats="NHWC",
        targets=[[0, 1], [1, 2], [2, -1]],
        probabilities=[[0.5, 0.25], [0.75, 0.125], [1, np.nan]],
        labels=[0, 1, 2],
        predicted=[2, 1, 0],
        predicted_probabilities=[0.5, 0.75, 1],
        class_names=["cat", "dog", "owl"],
        sample_names=["x", "y", "z"],
        method="Mine",
        layer="some.layer",
        description="What it is.",
    )
    writer.flush()
    index = index_of(tmp_path)
    (series,) = index.series()
    declared = series.declaration
    assert (declared.kind, declared.tag, declared.method) == (pb.HEATMAPS, "maps", "Mine")
    assert (declared.layer, declared.description) == ("some.layer", "What it is.")
    steps = index.steps(series)
    assert (steps.step.tolist(), steps.wall_time.tolist(), steps.count.tolist()) == ([9], [77.5], [3])
    read = newest(tmp_path, "maps")
    error = np.abs(decode_array(read.maps) - maps).max((2, 3))
    assert (error <= np.abs(maps).max((2, 3)) / 253).all(), error
    assert list(read.targets) == [0, 1, 1, 2, 2, -1]
    np.testing.assert_array_equal(read.probabilities, [0.5, 0.25, 0.75, 0.125, 1, np.nan])
    assert [sample.label for sample in read.samples] == [0, 1, 2]
    assert [sample.predicted for sample in read.samples] == [2, 1, 0]
    assert [sample.probability for sample in read.samples] == [0.5, 0.75, 1]
    assert [sample.name for sample in read.samples] == ["x", "y", "z"]
    assert (read.signed, read.class_dependent, read.height, read.width) == (True, True, 8, 9)
    assert list(read.flags) == []
    names = pb.ClassNames.FromString(index.read_blob(pb.CLASSES, read.classes))
    assert list(names.names) == ["cat", "dog", "owl"]
    for sample in read.samples:
        assert index.read_blob(pb.IMAGE, sample.image).startswith(b"\x89PNG")


def test_what_is_not_given_is_not_there(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_heatmaps("maps", MAPS)
    writer.flush()
    read = newest(tmp_path, "maps")
    assert list(read.targets) == [-1] * 3
    assert not read.probabilities
    assert not read.classes
    assert (read.signed, read.height, read.width) == (False, 0, 0)
    for sample in read.samples:
        assert sample.ListFields() == []
    assert steps_of(tmp_path, "maps") == [0]


@pytest.mark.parametrize(
    "convert",
    [
        pytest.param(lambda m: m, id="numpy"),
        pytest.param(lambda m: m.tolist(), id="lists"),
        pytest.param(lambda m: m.astype(np.float64), id="float64"),
        pytest.param(lambda m: m[:, None], id="captum, [N, 1, h, w]"),
        pytest.param(torch.from_numpy, id="torch"),
        pytest.param(lambda m: torch.from_numpy(m).requires_grad_() * 1, id="in a graph"),
        pytest.param(lambda m: torch.from_numpy(m).permute(2, 1, 0).contiguous().permute(2, 1, 0), id="strided"),
        pytest.param(lambda m: torch.from_numpy(m).double(), id="torch.float64"),
    ],
)
def test_maps_come_from_anywhere(tmp_path: Path, writer: ExplainWriter, convert: Callable[[Any], Any]) -> None:
    writer.add_heatmaps("maps", convert(MAPS.copy()), targets=torch.tensor([0, 1, 2]))
    writer.flush()
    read = newest(tmp_path, "maps")
    np.testing.assert_allclose(decode_array(read.maps)[:, 0], MAPS, atol=1 / 500)
    assert list(read.targets) == [0, 1, 2]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_taken_everywhere(tmp_path: Path, writer: ExplainWriter, dtype: torch.dtype) -> None:
    maps = torch.from_numpy(MAPS).to(dtype)
    images = torch.rand(3, 3, 4, 4).to(dtype)
    writer.add_heatmaps("m", maps, images, probabilities=maps[:, 0, 0], predicted_probabilities=maps[:, 0, 1])
    writer.flush()
    read = newest(tmp_path, "m")
    np.testing.assert_allclose(decode_array(read.maps)[:, 0], maps.float(), atol=1 / 500)
    assert list(read.probabilities) == maps[:, 0, 0].float().tolist()


def test_integers_and_booleans_are_maps_too(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_heatmaps("masks", MAPS > 0.5)
    writer.flush()
    np.testing.assert_array_equal(decode_array(newest(tmp_path, "masks").maps)[:, 0], MAPS > 0.5)


def test_a_probe_brings_its_pictures_labels_and_names(tmp_path: Path, writer: ExplainWriter, probe: Probe) -> None:
    writer.add_heatmaps("maps", MAPS, probe, sample_names=[1, 2, 3])  # type: ignore[list-item]
    writer.add_heatmaps("others", MAPS, probe, labels=[2, 2, 2], class_names=["x", "y", "z"])
    writer.flush()
    read = newest(tmp_path, "maps")
    assert [sample.label for sample in read.samples] == [0, 1, 2]
    assert [sample.name for sample in read.samples] == ["1", "2", "3"]
    assert (read.height, read.width) == (6, 7)
    others = newest(tmp_path, "others")
    assert [sample.label for sample in others.samples] == [2, 2, 2]
    assert others.classes != read.classes
    assert [sample.image for sample in others.samples] == [sample.image for sample in read.samples]


def test_pictures_are_stored_once_a_segment(tmp_path: Path, writer: ExplainWriter) -> None:
    for step in range(20):
        writer.add_heatmaps("maps", MAPS, PIXELS, step, dataformats="NHWC")
    writer.flush()
    (data,) = (tmp_path / "plugins" / "tb_explain").glob("*.data")
    for picture in {sample.image for sample in newest(tmp_path, "maps").samples}:
        assert data.read_bytes().count(index_of(tmp_path).read_blob(pb.IMAGE, picture)) == 1


def test_arguments_may_be_changed_as_soon_as_the_call_returns(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        for step in range(50):
            maps, pixels, names = np.full((1, 2, 2), float(step)), np.full((1, 2, 2), step, np.uint8), [str(step)]
            tensor = torch.full((1, 2, 2), float(step))
            writer.add_heatmaps("array", maps, pixels, step, class_names=names, sample_names=names)
            writer.add_heatmaps("tensor", tensor, None, step)
            maps[:], pixels[:], names[0], tensor[:] = -1, 0, "changed", -1
    index = index_of(tmp_path)
    for tag in ("array", "tensor"):
        series = index.find(tag, pb.HEATMAPS)
        assert series
        for step, key in enumerate(index.steps(series).keys):
            read = pb.Heatmaps.FromString(index.read(key))
            assert (decode_array(read.maps) == step).all()
            if tag == "array":
                assert read.samples[0].name == str(step)
                assert pb.ClassNames.FromString(index.read_blob(pb.CLASSES, read.classes)).names == [str(step)]


def test_maps_that_are_not_finite_are_marked_and_the_rest_is_kept(tmp_path: Path, writer: ExplainWriter) -> None:
    maps = np.ones((5, 1, 2, 2), np.float32)
    maps[1, 0, 0, 0] = np.nan
    maps[2, 0, 1, 1] = -np.inf
    maps[3] = 0
    maps[4] = np.nan
    writer.add_heatmaps("maps", maps)
    writer.flush()
    read = newest(tmp_path, "maps")
    both = pb.NOT_FINITE | pb.ALL_ZERO
    assert list(read.flags) == [pb.OK, pb.NOT_FINITE, pb.NOT_FINITE, pb.ALL_ZERO, both]
    np.testing.assert_array_equal(decode_array(read.maps), np.where(np.isfinite(maps), maps, 0))


@pytest.mark.parametrize("largest", [1e-30, 1e-6, 1.0, 1e4, 1e30])
def test_exact_maps_keep_eleven_bits_at_any_scale(tmp_path: Path, writer: ExplainWriter, largest: float) -> None:
    maps = (np.random.default_rng(0).normal(size=(3, 2, 4, 5)) * largest).astype(np.float32)
    maps[0, 0] = 0
    writer.add_heatmaps("maps", maps, exact=True)
    writer.flush()
    stored = newest(tmp_path, "maps").maps
    assert stored.dtype == pb.FLOAT16
    np.testing.assert_allclose(decode_array(stored), maps, rtol=2**-11 * 1.01, atol=largest * 2**-24)


def test_signed_is_as_said_or_as_seen(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_heatmaps("positive", MAPS)
    writer.add_heatmaps("negative", MAPS - 0.5)
    writer.add_heatmaps("said", MAPS, signed=True)
    writer.add_heatmaps("denied", MAPS - 0.5, signed=False)
    writer.flush()
    assert [newest(tmp_path, tag).signed for tag in ("positive", "negative", "said", "denied")] == [
        False,
        True,
        True,
        False,
    ]
    np.testing.assert_allclose(decode_array(newest(tmp_path, "denied").maps)[:, 0], MAPS - 0.5, atol=1 / 500)


def test_one_target_serves_all(tmp_path: Path, writer: ExplainWriter) -> None:
    writer.add_heatmaps("maps", np.ones((2, 3, 4, 4)), targets=7)
    writer.add_heatmaps("one", np.ones((1, 4, 4)), targets=7, probabilities=[[0.5]])
    writer.flush()
    assert list(newest(tmp_path, "maps").targets) == [7] * 6
    assert list(newest(tmp_path, "one").probabilities) == [0.5]


@pytest.mark.parametrize("step", [np.int64(5), torch.tensor(5), 5.0, -(2**63), 2**63 - 1])
def test_steps_are_whatever_is_an_integer(tmp_path: Path, writer: ExplainWriter, step: Any) -> None:
    writer.add_heatmaps("maps", MAPS, global_step=step)
    writer.flush()
    assert steps_of(tmp_path, "maps") == [int(step)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"maps": np.ones((4, 5))},
            "maps must be numbers [N, h, w] or [N, T, h, w], none of them 0; got float64 [4, 5]",
        ),
        (
            {"maps": np.ones((0, 4, 5))},
            "maps must be numbers [N, h, w] or [N, T, h, w], none of them 0; got float64 [0,",
        ),
        ({"maps": np.full((1, 2, 2), "x")}, "maps must be numbers [N, h, w] or [N, T, h, w], none of them 0; got <U1"),
        ({"maps": np.ones((1, 2, 2), complex)}, "maps must be numbers"),
        ({"targets": [0, 1]}, "targets must be integers [3, 1], [3] or one for all, got int64 [2]"),
        ({"targets": [0.5] * 3}, "targets must be integers [3, 1], [3] or one for all, got float64 [3]"),
        ({"maps": np.ones((3, 2, 4, 4)), "targets": [0, 1, 2]}, "targets must be integers [3, 2] or one for all, got"),
        ({"probabilities": [0.5]}, "probabilities must be numbers [3, 1], got float64 [1]"),
        ({"probabilities": 0.5}, "probabilities must be numbers [3, 1], got float64 []"),
        ({"maps": np.ones((1, 2, 2)), "probabilities": 0.5}, "probabilities must be numbers [1, 1], got float64 []"),
        ({"predicted_probabilities": [1, 2]}, "predicted_probabilities must be numbers [3], got int64 [2]"),
        ({"labels": [0, 1]}, "labels must be 3 class indices (integers from 0), got int64 [2]"),
        ({"predicted": [0, 1]}, "predicted must be 3 class indices (integers from 0), got int64 [2]"),
        ({"predicted": [0, 1, -1]}, "predicted must be 3 class indices (integers from 0), got int64 [3]"),
        (
            {"images": PIXELS},
            "images to show must have 1 or 3 channels, got 8 (shape [3, 8, 9, 3], dataformats='NCHW')",
        ),
        ({"images": PIXELS[:2], "dataformats": "NHWC"}, "got 2 images for 3 samples; give one a sample"),
        ({"sample_names": ["a"]}, "got 1 sample_names for 3 samples; give one a sample"),
        ({"global_step": 2**63}, "the step must fit 64 bits, got 9223372036854775808"),
        ({"walltime": float("nan")}, "walltime must be seconds since 1970, got nan"),
        ({"tag": "x" * 70_000}, f"the tag {'x' * 40!r}… is too long: with all that describes it, it may take 64 KiB"),
    ],
)
def test_what_cannot_be_logged_is_said_in_a_sentence(
    tmp_path: Path, writer: ExplainWriter, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        writer.add_heatmaps(**{"tag": "maps", "maps": MAPS, **arguments})
    writer.add_heatmaps("maps", MAPS)
    writer.flush()
    assert steps_of(tmp_path, "maps") == [0], "a refused call leaves nothing behind"
    assert writer.failed == 0


def test_what_describes_a_series_is_shortened_rather_than_refused(tmp_path: Path, writer: ExplainWriter) -> None:
    long = {"classes": list(range(21_841)), "note": "é\\" * 60_000}
    series = as_series(pb.HEATMAPS, "maps", "M", "conv", {"size": 7, **long}, "ü" * 40_000)
    parameters = json.loads(series.parameters)
    assert parameters["size"] == 7
    assert parameters["classes"].startswith("[0, 1, 2, ") and parameters["classes"].endswith("…")
    assert series.description.startswith("üü") and series.description.endswith("…")
    writer.add_heatmaps("described", MAPS, description="x" * 600_000)
    writer._recorder.put("maps", 0, 1, lambda segment: segment.series(series))
    writer.flush()
    index = index_of(tmp_path)
    assert {one.declaration.tag for one in index.series()} == {"described", "maps"}
    assert not index.counts().damaged and steps_of(tmp_path, "described") == [0]


def test_more_than_a_reader_would_accept_is_refused() -> None:
    maps = np.broadcast_to(np.float32(0), (1024, 1, 1025, 1025))  # takes no memory
    samples = payloads.Samples(targets=np.zeros((1024, 1), np.int64), flags=np.zeros((1024, 1), np.int64))
    sentence = "a record holds at most 1 GiB, these explanations need 1.0 GiB; log fewer samples at once"
    with pytest.raises(ValueError, match=sentence):
        samples.check(payloads.Heatmaps(samples, maps, signed=False).stored)


def test_what_fails_in_the_background_is_counted_logged_and_shown(
    tmp_path: Path, writer: ExplainWriter, caplog: pytest.LogCaptureFixture
) -> None:
    writer.add_heatmaps("bad", MAPS, targets=2**40, global_step=4)  # does not fit its field
    writer.add_heatmaps("good", MAPS)
    writer.flush()
    assert writer.failed == 1
    assert "bad at step 4 could not be encoded" in caplog.text
    assert steps_of(tmp_path, "good") == [0]
    (failure,) = index_of(tmp_path).failures()
    assert (failure.step, failure.failure.tag) == (4, "bad")


def test_a_full_queue_drops_when_asked_to(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path, when_full="drop", queue_bytes=1) as writer:
        large = np.random.default_rng(0).random((64, 1, 64, 64), dtype=np.float32)
        for step in range(50):
            writer.add_heatmaps("maps", large, None, step)
        writer.flush()
        kept = steps_of(tmp_path, "maps")
        assert len(kept) + writer.dropped == 50
        assert kept[0] == 0
        assert index_of(tmp_path).counts().dropped == writer.dropped
    assert writer.dropped > 0


def test_a_writer_that_its_own_thread_collects_writes_everything(tmp_path: Path) -> None:
    code = f"""
    import gc, threading
    from tb_explain import ExplainWriter
    from tb_explain.records import Record, explain_pb2 as pb
    class Trainer: pass
    trainer = Trainer()
    trainer.writer = ExplainWriter({os.fspath(tmp_path)!r})
    trainer.writer.trainer = trainer
    recorder, dropped, collected = trainer.writer._recorder, threading.Event(), threading.Event()
    def encoder(step):
        def encode(segment):
            if step == 0:
                dropped.wait()
                gc.collect()
                collected.set()
            series = pb.Series(kind=pb.HEATMAPS, tag="maps")
            declared = segment.series(series)
            return [*declared, Record(pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, count=1), b"payload")]
        return encode
    for step in range(5):
        recorder.put("maps", step, 10, encoder(step))
    del trainer
    dropped.set()
    collected.wait(20)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)
    assert steps_of(tmp_path, "maps") == [0, 1, 2, 3, 4]


# --- explain ---------------------------------------------------------------------------------------------------------


def test_explain_logs_each_method_and_layer_under_a_tag_of_its_own(
    tmp_path: Path, writer: ExplainWriter, model: nn.Module, probe: Probe
) -> None:
    found = writer.explain(model, probe, 3, [GradCAM(["0", "1"]), EigenCAM("1")], walltime=5.0)
    writer.flush()
    assert len(found) == 3
    index = index_of(tmp_path)
    declared = {series.declaration.tag: series.declaration for series in index.series()}
    assert list(declared) == ["val/gradcam/0", "val/gradcam/1", "val/eigencam/1"]
    one = declared["val/gradcam/1"]
    assert (one.method, one.layer) == ("GradCAM", "1")
    assert '"layer": "1"' in one.parameters
    assert one.description
    for attribution, tag in zip(found, declared, strict=True):
        read = newest(tmp_path, tag)
        maps = attribution.maps.numpy()
        np.testing.assert_allclose(decode_array(read.maps)[:, 0], maps, atol=np.abs(maps).max() / 250)
        predicted = attribution.outputs.argmax(1).tolist()
        assert [sample.predicted for sample in read.samples] == predicted
        assert list(read.targets) == predicted
        np.testing.assert_allclose(read.probabilities, [sample.probability for sample in read.samples], rtol=1e-6)
        assert [sample.label for sample in read.samples] == [0, 1, 2]
        assert read.class_dependent == tag.startswith("val/gradcam")
        assert (read.height, read.width) == (6, 7)
        series = index.find(tag, pb.HEATMAPS)
        assert series
        assert index.steps(series).wall_time.tolist() == [5.0]
    assert [tag for tag, _ in markers(tmp_path)] == list(declared)


def test_explain_keeps_to_every(tmp_path: Path, writer: ExplainWriter, model: nn.Module, probe: Probe) -> None:
    due = [bool(writer.explain(model, probe, step, [GradCAM("1")], every=4)) for step in range(10)]
    writer.flush()
    assert [step for step, explained in enumerate(due) if explained] == [0, 4, 8]
    assert steps_of(tmp_path, "val/gradcam/1") == [0, 4, 8]


def test_probes_and_methods_have_schedules_of_their_own(writer: ExplainWriter, model: nn.Module, probe: Probe) -> None:
    other = Probe(probe.images, name="other")
    assert writer.explain(model, probe, 0, [GradCAM("1")], every=10)
    assert writer.explain(model, other, 1, [GradCAM("1")], every=10)
    assert writer.explain(model, probe, 2, [EigenCAM("1")], every=10)
    assert not writer.explain(model, probe, 3, [GradCAM("1")], every=10)


def test_modules_that_are_printed_alike_have_schedules_of_their_own(writer: ExplainWriter, probe: Probe) -> None:
    n = probe.images.shape[1]
    model = nn.Sequential(nn.Conv2d(n, n, 1), nn.Conv2d(n, n, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert repr(model[0]) == repr(model[1])
    assert writer.explain(model, probe, 0, [GradCAM(model[0])], every=10)
    assert writer.explain(model, probe, 0, [GradCAM(model[1])], every=10)
    assert not writer.explain(model, probe, 1, [GradCAM(model[1])], every=10)


def test_a_small_budget_is_spent_with_the_first_explanation(
    writer: ExplainWriter, model: nn.Module, probe: Probe
) -> None:
    explained = [bool(writer.explain(model, probe, step, [GradCAM("1")], budget=1e-6)) for step in range(20)]
    assert explained == [True] + [False] * 19


class Broken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the model cannot")


def test_a_failure_is_logged_counted_and_shown_and_the_loop_goes_on(
    tmp_path: Path, writer: ExplainWriter, model: nn.Module, probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    assert writer.explain(Broken(), probe, 5, [GradCAM("layer")]) == []
    assert writer.explain(model, probe, 6, [GradCAM("1")])
    writer.flush()
    assert writer.failed == 1
    assert "val/gradcam could not be explained at step 5: the model cannot" in caplog.text
    assert "Traceback" in caplog.text
    (failure,) = index_of(tmp_path).failures()
    assert (failure.step, failure.failure.tag, failure.failure.dropped) == (5, "val/gradcam", False)
    assert failure.failure.message == "RuntimeError: the model cannot"
    assert 'raise RuntimeError("the model cannot")' in failure.failure.detail
    assert steps_of(tmp_path, "val/gradcam/1") == [6]


def test_one_method_that_fails_takes_no_other_along(
    tmp_path: Path, writer: ExplainWriter, model: nn.Module, probe: Probe
) -> None:
    methods = [GradCAM("1"), GradCAM("no such layer"), EigenCAM("1")]
    found = writer.explain(model, probe, 5, methods)
    writer.flush()
    assert [result.method for result in found] == [methods[0], methods[2]]
    assert writer.failed == 1
    assert steps_of(tmp_path, "val/gradcam/1") == steps_of(tmp_path, "val/eigencam/1") == [5]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"every": 0}, "every must be at least 1 step, got 0"),
        ({"budget": 0.0}, "budget must be a share of the loop's time above 0 and at most 1, got 0.0"),
        ({"budget": 5}, "budget must be a share of the loop's time above 0 and at most 1, got 5"),
        ({"step": 2**70}, "the step must fit 64 bits"),
        ({"model": Broken()}, "the model cannot"),
    ],
)
def test_strict_raises(tmp_path: Path, model: nn.Module, probe: Probe, arguments: Any, sentence: str) -> None:
    call = {"model": model, "probe": probe, "step": 0, "methods": [GradCAM()], **arguments}
    with ExplainWriter(tmp_path, strict=True) as writer:
        with pytest.raises((ValueError, RuntimeError), match=sentence):
            writer.explain(**call)
        assert writer.failed == 0


@pytest.mark.parametrize("step", [2**70, None, "five", float("nan")])
def test_without_strict_no_step_stops_the_loop(
    tmp_path: Path, writer: ExplainWriter, model: nn.Module, probe: Probe, step: Any
) -> None:
    assert writer.explain(model, probe, step, [GradCAM("1")]) == []
    assert writer.explain(model, probe, 7, [GradCAM("1")]), "the schedule is as before"
    writer.flush()
    assert writer.failed == 1
    assert index_of(tmp_path).counts().failed == 1


# --- Life and death --------------------------------------------------------------------------------------------------


def test_close_may_be_repeated_and_flush_may_follow(
    tmp_path: Path, model: nn.Module, probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    writer = ExplainWriter(tmp_path)
    writer.add_heatmaps("maps", MAPS)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="the writer is closed; make a new ExplainWriter to log more"):
        writer.add_heatmaps("maps", MAPS)
    caplog.set_level(logging.CRITICAL, "tb_explain")
    assert writer.explain(model, probe, 1, [GradCAM("1")]) == []
    writer.flush()
    assert writer.failed == 1
    assert steps_of(tmp_path, "maps") == [0]


def test_purge_step_hides_earlier_explanations_from_that_step_on(tmp_path: Path) -> None:
    for purge_step, steps in ((None, range(0, 100, 10)), (50, (50, 60)), (60, (70,))):
        with ExplainWriter(tmp_path, purge_step=purge_step) as writer:
            for step in steps:
                writer.add_heatmaps("maps", MAPS, global_step=step)
                writer.add_heatmaps(f"only {purge_step}", MAPS, global_step=step)
    assert steps_of(tmp_path, "maps") == [0, 10, 20, 30, 40, 50, 70]
    assert steps_of(tmp_path, "only None") == [0, 10, 20, 30, 40], "a series that did not go on is purged too"


def test_a_writer_that_is_forgotten_writes_what_it_accepted(tmp_path: Path) -> None:
    writer = ExplainWriter(tmp_path)
    for step in range(50):
        writer.add_heatmaps("maps", MAPS, global_step=step)
    del writer
    assert steps_of(tmp_path, "maps") == list(range(50))


def test_a_forked_child_logs_beside_its_parent(tmp_path: Path) -> None:
    writer = ExplainWriter(tmp_path)
    writer.add_heatmaps("parent", MAPS)
    child = os.fork()
    if child == 0:
        try:
            writer.add_heatmaps("child", MAPS)
            writer.flush()
            writer.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert wait(child) == 0
    writer.add_heatmaps("parent", MAPS, global_step=1)
    writer.add_scalar("loss", 1.0, 1)
    writer.close()
    assert (steps_of(tmp_path, "parent"), steps_of(tmp_path, "child")) == ([0, 1], [0])
    assert len(event_files(tmp_path)) == 1
    assert [event.step for event in events(tmp_path)][-1] == 1


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments], capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("end", ["", "raise RuntimeError('the loop fails')", "sys.exit(3)"])
def test_the_interpreters_exit_loses_nothing(tmp_path: Path, end: str) -> None:
    script = """
        import sys
        import numpy as np
        from tb_explain import ExplainWriter

        writer = ExplainWriter(sys.argv[1])
        maps = np.random.default_rng(0).random((64, 28, 28), dtype=np.float32)
        for step in range(200):
            writer.add_heatmaps("maps", maps, global_step=step)
            writer.add_scalar("loss", 1.0, step)
    """
    ended = python(textwrap.dedent(script) + end, str(tmp_path))
    assert (ended.returncode != 0) == bool(end), ended.stderr
    assert ("the loop fails" in ended.stderr) == ("the loop fails" in end)
    assert steps_of(tmp_path, "maps") == list(range(200))
    index = index_of(tmp_path)
    (series,) = index.series()
    for key in index.steps(series).keys:
        assert decode_array(pb.Heatmaps.FromString(index.read(key)).maps).shape == (64, 1, 28, 28)
    scalars = [event.step for event in events(tmp_path) for value in event.summary.value if value.tag == "loss"]
    assert scalars == list(range(200))


# --- What importing costs --------------------------------------------------------------------------------------------


def test_importing_the_package_imports_nothing_heavy() -> None:
    ended = python(
        """
        import sys
        import tb_explain
        tb_explain.__version__, dir(tb_explain)
        heavy = {"torch", "tensorboard", "numpy", "google.protobuf", "PIL", "tensorflow"} & sys.modules.keys()
        sys.exit(f"imported {heavy}" if heavy else 0)
        """
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        ("tb_explain.ExplainWriter", 'logging explanations needs PyTorch: pip install "tb-explain[train]"'),
        ("tb_explain.Probe([[[[0.5]]]])", 'a probe needs PyTorch: pip install "tb-explain[train]"'),
    ],
)
def test_without_torch_a_sentence_names_the_extra(use: str, sentence: str) -> None:
    ended = python(
        """
        import sys

        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "torch":
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Blocker())
        import tb_explain
        """
        + f"\n        {use}\n"
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(f"ImportError: {sentence}"), ended.stderr


def test_an_unknown_name_is_an_attributeerror() -> None:
    import tb_explain

    with pytest.raises(AttributeError, match="module 'tb_explain' has no attribute 'Nothing'"):
        tb_explain.Nothing  # noqa: B018


def test_a_probes_pictures_do_not_fill_the_queue(tmp_path: Path) -> None:
    """They are held by the probe, once, not by each record that waits."""
    pictures = np.random.default_rng(0).integers(0, 256, (8, 256, 256, 3), np.uint8)
    probe = Probe(torch.zeros(8, 3, 8, 8), pixels=pictures)
    with ExplainWriter(tmp_path, when_full="drop", queue_bytes=100_000) as writer:
        for step in range(5):
            writer.add_heatmaps("maps", np.ones((8, 4, 4)), probe, step)
        assert writer.dropped == 0
    assert steps_of(tmp_path, "maps") == [0, 1, 2, 3, 4]


def test_onto_another_summary_writer_all_goes_to_one_event_file(tmp_path: Path, model: nn.Module) -> None:
    other = SummaryWriter(tmp_path)
    other.add_scalar("loss", 1.0, 0)
    writer = ExplainWriter.onto(other, strict=True)
    writer.explain(model, Probe(torch.rand(3, 1, 8, 8), [0, 1, 2]), 7, [GradCAM()])
    writer.add_scalars("several", {"a": 1.0}, 7)
    writer.close()
    other.add_scalar("loss", 0.5, 8)
    other.close()
    assert len(list(tmp_path.glob("*tfevents*"))) == 1
    loaded = EventAccumulator(str(tmp_path))
    loaded.Reload()
    assert list(loaded.PluginTagToContent("tb_explain")) == ["probe/gradcam/1"]
    assert [event.step for event in loaded.Scalars("loss")] == [0, 8], "closing the one leaves the other open"
    assert steps_of(tmp_path, "probe/gradcam/1") == [7]


def test_onto_a_writer_that_was_closed_first_keeps_the_explanations(tmp_path: Path) -> None:
    other = SummaryWriter(tmp_path)
    writer = ExplainWriter.onto(other)
    writer.add_heatmaps("t", MAPS, PIXELS, 1, dataformats="NHWC")
    other.close()
    writer.flush()
    writer.close()
    assert steps_of(tmp_path, "t") == [1]


def test_only_a_summary_writer_of_torch_can_be_shared(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"expected a torch.utils.tensorboard.SummaryWriter, got builtins.str"):
        ExplainWriter.onto(str(tmp_path))
