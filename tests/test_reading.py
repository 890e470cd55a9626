"""What was logged comes back as arrays: every kind and field, lazily, without torch; and the recipes of docs/reading.md run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tb_explain
from tb_explain import ExplainWriter
from tb_explain.reading import Logdir, Part, Record, Tag
from tests.browser.every_kind import write_run

DOCUMENT = Path(__file__).parents[1] / "docs" / "reading.md"
RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (4, 6, 7, 3), np.uint8)
MAPS = RANDOM.normal(size=(4, 2, 3, 5)).astype(np.float32)
TARGETS = np.array([[0, 1], [1, 2], [2, 0], [0, 2]])


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Logdir:
    logdir = tmp_path_factory.mktemp("every") / "logdir"
    write_run(logdir / "run")
    return tb_explain.open(logdir)


def log_maps(directory: Path, maps: np.ndarray, pixels: np.ndarray, step: int, **about: object) -> None:
    with ExplainWriter(directory) as writer:
        writer.add_heatmaps("val/cam", maps, pixels, step, walltime=step, dataformats="NHWC", exact=True, **about)


def test_what_was_logged_is_what_is_read(tmp_path: Path) -> None:
    log_maps(
        tmp_path / "a" / "b",
        MAPS,
        PIXELS,
        5,
        targets=TARGETS,
        probabilities=TARGETS / 4,
        labels=[0, 1, 2, 0],
        class_names=["cat", "dog", "fox"],
        sample_names=["1", "2", "3", "4"],
        method="CAM",
        layer="layer4",
    )
    runs = tb_explain.open(tmp_path).runs
    assert list(runs) == ["a/b"]
    tag = runs["a/b"].tags["val/cam"]
    assert (tag.kind, tag.method, tag.layer, tag.steps.tolist()) == ("HEATMAPS", "CAM", "layer4", [5])
    record = tag.read()
    assert (record.step, record.wall_time) == (5, 5.0)
    np.testing.assert_allclose(record.maps, MAPS, atol=np.abs(MAPS).max() / 1024)
    np.testing.assert_array_equal(record.targets, TARGETS)
    np.testing.assert_array_equal(record.probabilities, (TARGETS / 4).astype(np.float32))
    assert record.classes == ["cat", "dog", "fox"]
    assert [sample.label for sample in record.samples] == [0, 1, 2, 0]
    assert [sample.predicted for sample in record.samples] == [None] * 4, "nothing was said about it"
    assert [sample.name for sample in record.samples] == ["1", "2", "3", "4"]
    for sample, pixels in zip(record.samples, PIXELS, strict=True):
        np.testing.assert_array_equal(sample.image, pixels)
        assert sample.segments is None and sample.volume is None


def fields_of(part: Part) -> int:
    """Reads every field of a part and of the parts inside; returns how many there are."""
    read = 0
    for name in part._fields():
        value = getattr(part, name)
        read += 1
        for inner in value if isinstance(value, list) else [value]:
            read += fields_of(inner) if isinstance(inner, Part) else 0
    return read


def test_every_field_of_every_kind_can_be_read(every_kind: Logdir) -> None:
    tags = every_kind.runs["run"].tags
    assert {tag.kind for tag in tags.values()} == {
        "HEATMAPS", "SUPERPIXELS", "OCCLUSION", "OCCLUSION_PAIRS", "CORRELATIONS", "CLUSTERS", "RECONSTRUCTIONS", "PROJECTION", "CHANNELS",
    }  # fmt: skip
    for tag in tags.values():
        for record in tag:
            assert fields_of(record) > 10, f"{record} has few fields"
    assert every_kind.runs["run"].failures, "the run has some"


def test_label_maps_volumes_and_columns_are_what_they_name(every_kind: Logdir) -> None:
    by_kind = {tag.kind: tag for tag in every_kind.runs["run"].tags.values()}
    superpixels = by_kind["SUPERPIXELS"].read()
    segments = superpixels.samples[0].segments
    assert segments.shape == superpixels.samples[0].image.shape[:2]
    assert segments.max() + 1 <= superpixels.weights.shape[2]
    projection = by_kind["PROJECTION"].read()
    assert projection.positions.shape == (projection.rows, projection.positions.shape[1])
    assert projection.positions.dtype == np.float32
    assert len(set(projection.ids.tolist())) == projection.rows
    volumes = [
        sample.volume
        for tag in every_kind.runs["run"].tags.values()
        if tag.kind == "RECONSTRUCTIONS"
        for sample in tag.read().samples
    ]
    assert all(volume is None or volume.ndim == 3 for volume in volumes)


def test_what_several_processes_logged_at_a_step_is_joined(tmp_path: Path) -> None:
    log_maps(tmp_path, MAPS[:3], PIXELS[:3], 1, targets=TARGETS[:3])
    log_maps(tmp_path, MAPS[2:] + 1, PIXELS[2:], 1, targets=TARGETS[2:])
    tag = tb_explain.open(tmp_path).runs["."].tags["val/cam"]
    assert tag.steps.tolist() == [1]
    assert len(tag.records(1)) == 2
    record = tag.read(1)
    np.testing.assert_allclose(record.maps, np.concatenate([MAPS[:2], MAPS[2:] + 1]), atol=0.01)
    np.testing.assert_array_equal(record.targets, TARGETS)
    np.testing.assert_array_equal([sample.image for sample in record.samples], PIXELS)


def test_records_that_cannot_be_joined_are_not(tmp_path: Path) -> None:
    log_maps(tmp_path, MAPS[:2], PIXELS[:2], 1)
    log_maps(tmp_path, MAPS[2:, :1], PIXELS[2:], 1)
    tag = tb_explain.open(tmp_path).runs["."].tags["val/cam"]
    with pytest.raises(ValueError, match=r"val/cam has 2 records of step 1; take records\(1\)"):
        tag.read(1)


def test_a_run_that_is_being_written_has_what_is_new(tmp_path: Path) -> None:
    log_maps(tmp_path, MAPS, PIXELS, 1)
    run = tb_explain.open(tmp_path).runs["."]
    tag = run.tags["val/cam"]
    log_maps(tmp_path, MAPS, PIXELS, 2)
    assert tag.steps.tolist() == [1, 2]
    assert [record.step for record in run.tags["val/cam"]] == [1, 2]


def test_errors_say_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="is no directory; give the one that TensorBoard is started with"):
        tb_explain.open(tmp_path / "nowhere")
    log_maps(tmp_path, MAPS, PIXELS, 1)
    tag = tb_explain.open(tmp_path).runs["."].tags["val/cam"]
    with pytest.raises(KeyError, match=r"val/cam has no step 3; steps are \[1\]"):
        tag.read(3)
    with pytest.raises(AttributeError, match="a Heatmaps has no 'weights'; it has samples, maps"):
        tag.read().weights  # noqa: B018
    assert "maps" in dir(tag.read())
    assert repr(tag.read()).startswith("<HEATMAPS 'val/cam', step 1: samples, maps")
    assert isinstance(tag, Tag) and isinstance(tag.read(), Record)


def test_a_tag_of_which_all_is_hidden_says_so(tmp_path: Path) -> None:
    log_maps(tmp_path, MAPS, PIXELS, 1)
    ExplainWriter(tmp_path, purge_step=0).close()
    tag = tb_explain.open(tmp_path).runs["."].tags["val/cam"]
    assert (tag.steps.tolist(), list(tag)) == ([], [])
    with pytest.raises(
        KeyError, match="val/cam has no steps: none was logged yet, or a restart with purge_step hides them"
    ):
        tag.read()


def test_two_kinds_under_one_tag_are_told_apart(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        writer.add_heatmaps("t", MAPS, global_step=1)
        writer.add_superpixels("t", np.zeros((2, 4, 4), int), np.ones((2, 1)), global_step=1)
    assert list(tb_explain.open(tmp_path).runs["."].tags) == ["t", "t (SUPERPIXELS)"]


def test_reading_needs_neither_torch_nor_tensorboard(tmp_path: Path) -> None:
    log_maps(tmp_path, MAPS, PIXELS, 1)
    code = (
        f"import sys, tb_explain; tb_explain.open({str(tmp_path)!r}).runs['.'].tags['val/cam'].read().samples[0].image; "
        "assert not {'torch', 'tensorboard', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_recipes_of_the_document_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    for name, shift in (("digits", 0.0), ("wider", 0.5)):
        with ExplainWriter(Path("runs") / name) as writer:
            for step in (0, 10):
                writer.add_heatmaps(
                    "val/gradcam/conv3",
                    MAPS + shift,
                    PIXELS,
                    step,
                    dataformats="NHWC",
                    targets=TARGETS,
                    labels=[0, 1, 2, 0],
                    predicted=[0, 1, 2, 1],
                    class_names=["cat", "dog", "fox"],
                    figures={"drift_spearman": np.full((4, 2), step / 10)},
                )
    variables: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(code, variables)
    table = variables["table"]
    assert len(table) == 2 * 2 * 4  # type: ignore[arg-type]
    assert set(table["drift_spearman"]) == {0.0, 1.0}  # type: ignore[index]
    assert Path("overlay.png").stat().st_size > 1000
    said = capsys.readouterr().out.splitlines()[-4:]
    assert [float(line.split()[1]) for line in said] == pytest.approx([1] * 4, abs=0.01)
