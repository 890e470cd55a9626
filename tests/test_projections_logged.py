"""What a training loop says about many images is what a reader finds as points, and training is the same as without."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import GradCAM, Projection, collect_features
from tb_explain.projections.reducers import PCA, TSNE, UMAP
from tb_explain.projections.reductions import Reductions
from tb_explain.records import RunIndex, decode_column
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of
from tests.faults.helpers import wait
from tests.methods.test_training import assert_bit_equal

MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.3, 0.2]


class Found(NamedTuple):
    """A projection as a reader finds it."""

    series: pb.Series
    steps: list[int]
    messages: list[pb.Projection]
    columns: list[dict[str, np.ndarray]]  # a step each
    index: RunIndex

    def picture(self, row: int) -> np.ndarray:
        """The thumbnail of a row at the last step."""
        stored = self.messages[-1].thumbnails
        sheet, tile = divmod(row, stored.down * stored.across)
        down, across = divmod(tile, stored.across)
        encoded = self.index.read_blob(pb.IMAGE, bytes(self.columns[-1]["sheets"][sheet]))
        whole = np.asarray(Image.open(io.BytesIO(encoded)))
        return whole[down * stored.height :, across * stored.width :][: stored.height, : stored.width]


def read(run: Path, tag: str) -> Found:
    index = index_of(run)
    series = index.find(tag, pb.PROJECTION)
    assert series, f"no projection {tag}; there are {[s.declaration.tag for s in index.series()]}"
    steps = index.steps(series)
    messages = [pb.Projection.FromString(index.read(key)) for key in steps.keys]

    def values(column: pb.Column) -> np.ndarray:
        return decode_column(column, index.read_blob(pb.COLUMN, column.values))

    def columns(message: pb.Projection) -> dict[str, np.ndarray]:
        own = ("positions", "ids", "labels", "predicted", "probabilities", "neighbours")
        found = {name: values(getattr(message, name)) for name in own if message.HasField(name)}
        if message.HasField("thumbnails"):
            found["sheets"] = values(message.thumbnails.sheets)
        return found | {one.name: values(one.values) for one in message.columns}

    return Found(series.declaration, steps.step.tolist(), messages, [columns(m) for m in messages], index)


def names_of(found: Found, hash_: bytes) -> list[str]:
    return list(pb.ClassNames.FromString(found.index.read_blob(pb.CLASSES, hash_)).names)


def scalars(run: Path, tag: str) -> dict[str, list[tuple[int, float]]]:
    """Those of a projection, by measure."""
    events = EventAccumulator(str(run))
    events.Reload()
    start = f"explain/projection/{tag}/"
    return {
        name.removeprefix(start): [(one.step, one.value) for one in events.Scalars(name)]
        for name in events.Tags()["scalars"]
        if name.startswith(start)
    }


def failures(run: Path) -> list[str]:
    index = index_of(run)
    return [f"{one.failure.tag}: {one.failure.message}" for one in index.failures()]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(32, 4),
    )


def data(n: int = 120) -> TensorDataset:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(256, (n, 3, 9, 12), generator=generator) / 255
    normalised = (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    return TensorDataset(normalised, torch.arange(n) % 4)


class Logged(NamedTuple):
    run: Path
    probe: Probe
    model: nn.Module


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """Two layers of a network that learns, at three steps, of a shuffled loader."""
    run = tmp_path_factory.mktemp("run")
    images, labels = data().tensors
    probe = Probe(images[:10], labels[:10], class_names=list("abcd"), name="val", mean=MEAN, std=STD)
    loader = DataLoader(data(), 16, shuffle=True)
    model = network()
    projection = Projection(["0", "6.input"], data=loader, reducer=PCA(), max_rows=60)
    with ExplainWriter(run, strict=True) as writer:
        for step in range(5):
            torch.manual_seed(step)
            for parameter in model.parameters():
                parameter.data += 0.01 * torch.randn(parameter.shape)
            results = writer.explain(model, probe, step, [projection, GradCAM("0")], every=2)
            assert [type(result.method) for result in results] == ([GradCAM] if step % 2 == 0 else [])
    return Logged(run, probe, model)


def test_a_method_logs_each_layer_under_a_tag_of_its_own(logged: Logged) -> None:
    for layer in ("0", "6.input"):
        found = read(logged.run, f"val/projection/{layer}")
        assert (found.series.method, found.series.layer, found.steps) == ("PCA", layer, [0, 2, 4])
        assert '"dims": 2' in found.series.parameters
        assert found.messages[0].rows == 60
        assert names_of(found, found.messages[0].classes) == list("abcd")


def test_rows_are_those_of_the_features(logged: Logged) -> None:
    loader = data().tensors[0].split(16)
    labelled = list(zip(loader, data().tensors[1].split(16), strict=True))
    expected = collect_features(logged.model, labelled, "0", max_rows=60, mean=MEAN, std=STD)
    order = expected.ids.argsort()
    found = read(logged.run, "val/projection/0")
    last = found.columns[-1]
    np.testing.assert_array_equal(last["ids"], expected.ids[order])
    np.testing.assert_array_equal(last["labels"], expected.labels[order])
    np.testing.assert_array_equal(last["predicted"], expected.predicted[order])
    np.testing.assert_allclose(last["probabilities"], expected.probabilities[order], atol=1e-5)
    assert last["positions"].shape == (60, 2)
    for row in (0, 17, 59):  # of which JPEG keeps no more than a likeness
        unlike = np.abs(expected.tiles - found.picture(row).astype(float)).mean((1, 2, 3))
        assert unlike.argmin() == order[row]


def test_rows_are_the_samples_of_other_records(logged: Logged) -> None:
    index = index_of(logged.run)
    series = index.find("val/gradcam/0", pb.HEATMAPS)
    samples = pb.Heatmaps.FromString(index.read(index.steps(series).keys[-1])).samples
    ids = [sample.id for sample in samples]
    assert ids == logged.probe.pictures.ids.tolist()
    rows = set(read(logged.run, "val/projection/0").columns[-1]["ids"].tolist())
    every = collect_features(logged.model, data().tensors[0], mean=MEAN, std=STD).ids.tolist()
    assert set(ids) <= set(every)
    assert set(ids) & rows, "no sample of the probe is among the rows"


def test_what_does_not_change_is_stored_once_though_the_loader_shuffles(logged: Logged) -> None:
    messages = [
        message for layer in ("0", "6.input") for message in read(logged.run, f"val/projection/{layer}").messages
    ]
    for name in ("ids", "labels"):
        assert len({getattr(message, name).values for message in messages}) == 1, name
    assert len({message.thumbnails.sheets.values for message in messages}) == 1
    assert len({message.positions.values for message in messages}) == 6


def test_measures_become_scalars_beside_the_loss(logged: Logged) -> None:
    for layer in ("0", "6.input"):
        found = scalars(logged.run, f"val/projection/{layer}")
        assert {"trustworthiness", "silhouette", "knn_purity", "knn_purity_2d"} <= found.keys()
        for name, values in found.items():
            for (step, value), message in zip(
                values, read(logged.run, f"val/projection/{layer}").messages, strict=False
            ):
                stored = {one.name: one.value for one in message.measures}
                assert step in (0, 2, 4)
                if len(values) == 3:
                    assert value == pytest.approx(stored[name]), name


def test_tensorboard_is_told_of_each_tag(logged: Logged) -> None:
    events = EventAccumulator(str(logged.run))
    events.Reload()
    marked = events.PluginTagToContent("tb_explain")
    assert {"val/projection/0", "val/projection/6.input", "val/gradcam/0"} <= set(marked)


def test_without_data_it_is_the_probe_s_own_images(tmp_path: Path) -> None:
    images, labels = data().tensors
    pixels = np.random.default_rng(0).integers(0, 256, (20, 5, 5, 3), np.uint8)
    names = [f"{i}.png" for i in range(20)]
    probe = Probe(images[:20], labels[:20], pixels=pixels, sample_names=names)
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(network(), probe, 0, [Projection(reducer=PCA())])
    found = read(tmp_path, "probe/projection/6.input")
    order = probe.pictures.ids.argsort()
    np.testing.assert_array_equal(found.columns[0]["ids"], probe.pictures.ids[order])
    np.testing.assert_array_equal(found.columns[0]["labels"], labels[:20][order])
    np.testing.assert_array_equal(found.picture(3), pixels[order[3]])
    (named,) = (one for one in found.messages[0].columns if one.name == "name")
    shown = names_of(found, named.categories)
    assert [shown[i] for i in found.columns[0]["name"]] == [names[i] for i in order]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features from anywhere, one tag for each way to give them."""
    run = tmp_path_factory.mktemp("given")
    generator = np.random.default_rng(0)
    values = generator.normal(size=(40, 6)).astype(np.float32)
    pixels = generator.integers(0, 256, (40, 3, 40, 64), np.uint8)
    with ExplainWriter(run, strict=True) as writer:

        def add(tag: str, features: Any = None, *more: Any, **about: Any) -> None:
            writer.add_projection(tag, features, *more, **({"reducer": PCA()} | about))

        add("numpy", values)
        add("torch", torch.from_numpy(values).requires_grad_())
        add("bfloat16", torch.from_numpy(values).bfloat16())
        add("float64", values.astype(np.float64))
        add("list", values.tolist())
        add("3-D", values, reducer=PCA(dims=3))
        add("t-SNE", values, reducer=TSNE(perplexity=5))
        add("pixels", values, pixels)
        add("a probe", values, Probe(pixels / np.float32(255), np.arange(40) % 3))
        add("placed", positions=values[:, :2] * 100, ids=np.arange(40)[::-1] + 7, method="ICA", layer="fc")
        add("both", values, positions=values[:, :3], reducer=None)
        broken = values.copy()
        broken[4, 2], broken[30] = np.nan, np.inf
        huge = broken.astype(np.float64)
        huge[5] = 1e200
        add("broken", huge, labels=np.arange(40) % 2)
        add(
            "columns",
            values,
            columns={
                "height": np.arange(40),
                "camera": ["left", "right"] * 20,
                "seen": [True, False] * 20,
                "dose": torch.arange(40.0),
            },
            predicted=torch.arange(40) % 5,
            probabilities=torch.linspace(0, 1, 40),
            labels=[-1] * 40,
        )
        add("one row", values[:1])
        add("three rows", values[:3], labels=[0, 1, 0], reducer=UMAP())
        add("constant", np.ones((10, 4)), reducer=UMAP())
        add("one class", values, labels=np.zeros(40, int))
        add("duplicates", values.repeat(2, 0), pixels.repeat(2, 0))
    return run


@pytest.mark.parametrize("form", ["torch", "bfloat16", "float64", "list"])
def test_numbers_of_any_kind_are_taken(given: Path, form: str) -> None:
    expected, found = (read(given, tag).columns[0] for tag in ("numpy", form))
    np.testing.assert_allclose(found["positions"], expected["positions"], atol=0.05 if form == "bfloat16" else 1e-5)
    np.testing.assert_array_equal(found["ids"], np.arange(1, 41))


def test_reductions_are_called_by_their_names(given: Path) -> None:
    found = {tag: read(given, tag) for tag in ("numpy", "3-D", "t-SNE", "placed", "both")}
    methods = {tag: (one.series.method, one.columns[0]["positions"].shape) for tag, one in found.items()}
    assert methods == {
        "numpy": ("PCA", (40, 2)),
        "3-D": ("PCA", (40, 3)),
        "t-SNE": ("TSNE", (40, 2)),
        "placed": ("ICA", (40, 2)),
        "both": ("", (40, 3)),
    }
    assert found["placed"].series.layer == "fc"
    assert "neighbours" in found["both"].columns[0]
    assert "neighbours" not in found["placed"].columns[0]


def test_given_positions_and_ids_are_kept(given: Path) -> None:
    values = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)[:, :2] * 100
    found = read(given, "placed").columns[0]
    np.testing.assert_array_equal(found["ids"], np.arange(7, 47))
    np.testing.assert_allclose(found["positions"], values[::-1], atol=np.ptp(values) / 60000)


def test_pictures_given_as_pixels_name_and_show_the_rows(given: Path) -> None:
    found = read(given, "pixels")
    probe = read(given, "a probe")
    np.testing.assert_array_equal(found.columns[0]["ids"], probe.columns[0]["ids"])
    assert (found.messages[0].thumbnails.height, found.messages[0].thumbnails.width) == (20, 32)
    np.testing.assert_array_equal(found.picture(7), probe.picture(7))
    assert sorted(probe.columns[0]["labels"].tolist()) == sorted((np.arange(40) % 3).tolist())
    assert "labels" not in found.columns[0]


def test_rows_that_are_not_finite_are_left_out_and_counted(given: Path) -> None:
    found = read(given, "broken")
    assert (found.messages[0].rows, found.messages[0].dropped) == (37, 3)
    kept = [i for i in range(40) if i not in (4, 5, 30)]
    np.testing.assert_array_equal(found.columns[0]["ids"], np.array(kept) + 1)
    np.testing.assert_array_equal(found.columns[0]["labels"], np.array(kept) % 2)


def test_columns_are_numbers_or_categories(given: Path) -> None:
    found = read(given, "columns")
    columns = found.columns[0]
    np.testing.assert_array_equal(columns["height"], np.arange(40))
    np.testing.assert_array_equal(columns["dose"], np.arange(40))
    categories = {one.name: names_of(found, one.categories) for one in found.messages[0].columns if one.categories}
    assert categories == {"camera": ["left", "right"], "seen": ["false", "true"]}
    np.testing.assert_array_equal(columns["camera"], [0, 1] * 20)
    np.testing.assert_array_equal(columns["predicted"], np.arange(40) % 5)
    np.testing.assert_allclose(columns["probabilities"], np.linspace(0, 1, 40), atol=1e-5)
    assert set(columns["labels"].tolist()) == {65535}


@pytest.mark.parametrize("tag", ["one row", "three rows", "constant", "one class", "duplicates"])
def test_sets_that_are_hardly_any_give_a_picture(given: Path, tag: str) -> None:
    found = read(given, tag)
    assert np.isfinite(found.columns[0]["positions"]).all()
    assert len(set(found.columns[0]["ids"].tolist())) == found.messages[0].rows, "ids must be unique"
    if tag in ("three rows", "constant"):
        assert "PCA instead" in " ".join(found.messages[0].notes)


ROWS = np.ones((4, 3))


@pytest.mark.parametrize(
    ("features", "about", "sentence"),
    [
        (None, {}, "there is nothing to show; give features [N, d] to reduce, or positions [N, 2]"),
        (np.ones((4, 3, 2)), {}, "features must be numbers [N, d], got float64 [4, 3, 2]; pool or flatten them first"),
        (np.ones(4), {}, "features must be numbers [N, d], got float64 [4]"),
        ([["a", "b"]], {}, "features must be numbers [N, d]"),
        (np.ones((0, 3)), {}, "features have no row; give those of at least one image"),
        (ROWS, {"positions": np.ones((4, 4))}, "positions must be numbers [N, 2] or [N, 3], got float64 [4, 4]"),
        (ROWS, {"positions": np.ones((5, 2))}, "got 4 rows of features and 5 of positions; give one a row"),
        (ROWS, {"images": np.ones((3, 1, 5, 5))}, "got 3 images for 4 rows; give one a row"),
        (ROWS, {"images": np.ones((4, 2, 5, 5))}, "images to show must have 1 or 3 channels"),
        (ROWS, {"labels": [0, 1]}, "labels must be one a row, [4]; got shape [2]"),
        (ROWS, {"labels": [0.5] * 4}, "labels must be one integer a row, got float64 [4]"),
        (ROWS, {"labels": [0, 1, 2, 70000]}, "labels must lie in -1 (not known) to 65534"),
        (ROWS, {"predicted": [0]}, "predicted must be one a row, [4]; got shape [1]"),
        (ROWS, {"probabilities": [2, 0, 0, 0]}, "probabilities must lie in 0 to 1"),
        (ROWS, {"columns": {"size": [1, 2]}}, "column 'size' must be one a row, [4]; got shape [2]"),
        (ROWS, {"columns": {"": [1] * 4}}, "a column cannot be called ''"),
        (ROWS, {"ids": [1, 2, 3]}, "ids must be one a row, [4]; got shape [3]"),
        (ROWS, {"ids": [1, 2, 3, 3]}, "ids must be unique, but 3 is that of 2 rows"),
        (ROWS, {"ids": [0, 1, 2, 3]}, "ids must lie in 1 to 2^53 - 1, got 0 to 3"),
        (ROWS, {"walltime": float("nan")}, "walltime must be seconds since 1970"),
        (ROWS, {"targets": [1] * 4}, "unexpected argument 'targets'; there are labels, predicted, probabilities"),
        (ROWS, {"reducer": "umap"}, "reducer must be UMAP(), PCA() or TSNE() of tb_explain.projections, got 'umap'"),
    ],
)
def test_what_does_not_agree_is_said_at_once(
    features: Any, about: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with ExplainWriter(tmp_path) as writer, pytest.raises((ValueError, TypeError)) as caught:
        writer.add_projection("tag", features, **about)
    assert sentence in str(caught.value)


def test_features_of_several_layers_want_a_tag_each(tmp_path: Path) -> None:
    several = collect_features(network(), data().tensors[0], ["0", "6"])
    with ExplainWriter(tmp_path) as writer, pytest.raises(ValueError, match="several layers; log each under a tag"):
        writer.add_projection("tag", several)


def test_what_features_know_may_be_said_otherwise(tmp_path: Path) -> None:
    images, labels = data(8).tensors
    features = collect_features(network(), [(images, labels)])
    with ExplainWriter(tmp_path) as writer:
        writer.add_projection(
            "tag", features, reducer=PCA(), predicted=None, probabilities=None, labels=labels + 1, layer="conv"
        )
    found = read(tmp_path, "tag")
    np.testing.assert_array_equal(found.columns[0]["labels"], features.labels[features.ids.argsort()] + 1)
    assert not {"predicted", "probabilities"} & found.columns[0].keys()
    assert found.series.layer == "conv"


def test_features_that_diverged_are_a_failure_and_no_end_of_training(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_projection("tag", np.full((5, 2), np.nan), global_step=3)
        assert writer.failed == 1
    assert failures(tmp_path / "run") == ["tag: ValueError: none of 5 rows is finite, so there is nothing to project"]
    with ExplainWriter(tmp_path / "strict", strict=True) as writer, pytest.raises(ValueError, match="none of 5 rows"):
        writer.add_projection("tag", np.full((5, 2), np.nan))


def test_a_loader_that_fails_is_a_failure_of_its_method_alone(tmp_path: Path) -> None:
    images, labels = data().tensors
    probe = Probe(images[:4], labels[:4])
    methods = [Projection(data=[(images[:4], labels[:4].float())]), GradCAM("0")]
    with ExplainWriter(tmp_path) as writer:
        assert len(writer.explain(network(), probe, 0, methods)) == 1
        assert writer.failed == 1
    assert "probe/projection: ValueError: labels must be 4 class indices" in failures(tmp_path)[0]
    with ExplainWriter(tmp_path / "strict", strict=True) as writer, pytest.raises(ValueError, match="class indices"):
        writer.explain(network(), probe, 0, methods)


def _blocked(run: Path) -> None:
    """No process can write records there."""
    (run / "plugins").write_text("in the way")


def test_what_fails_in_the_background_is_counted(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        _blocked(tmp_path)
        writer.add_projection("tag", ROWS, reducer=PCA())
        writer.flush()
        assert writer.failed >= 1


@pytest.mark.parametrize(
    "then",
    [
        lambda writer: writer.flush(),
        lambda writer: writer.close(),
        lambda writer: (writer._reducing.flush(), writer.add_projection("tag", ROWS, reducer=PCA())),
    ],
    ids=["flush", "close", "the next verb"],
)
def test_what_fails_in_the_background_raises_when_strict(then: Callable[[Any], Any], tmp_path: Path) -> None:
    writer = ExplainWriter(tmp_path, strict=True)
    _blocked(tmp_path)
    writer.add_projection("tag", ROWS, global_step=5, reducer=PCA())
    with pytest.raises(RuntimeError, match="tag of step 5 was not projected: "):
        then(writer)
    writer.close()


def test_what_finds_no_room_is_counted_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reductions, "put", lambda self, job: False)
    with ExplainWriter(tmp_path, when_full="drop") as writer:
        writer.add_projection("tag", ROWS, reducer=PCA())
        assert (writer.dropped, writer.failed) == (1, 0)
    assert failures(tmp_path) == ["tag: dropped: the queue was full"]


def test_a_purge_hides_earlier_projections_though_nothing_else_is_logged(tmp_path: Path) -> None:
    def log(step: int, **more: Any) -> None:
        with ExplainWriter(tmp_path, **more) as writer:
            writer.add_projection("tag", ROWS, global_step=step, reducer=PCA())

    log(9)
    log(5, purge_step=4)
    assert read(tmp_path, "tag").steps == [5]


def test_a_forked_child_projects_beside_its_parent(tmp_path: Path) -> None:
    writer = ExplainWriter(tmp_path)
    writer.add_projection("parent", ROWS, reducer=PCA())
    child = os.fork()
    if child == 0:
        try:
            for step in range(8):  # more measures than a summary writer without its thread could take
                writer.add_projection("child", ROWS, global_step=step, labels=[0, 1, 0, 1], reducer=PCA())
            writer.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert wait(child) == 0
    writer.add_projection("parent", ROWS, global_step=1, labels=[0, 1, 0, 1], reducer=PCA())
    writer.close()
    assert (read(tmp_path, "parent").steps, read(tmp_path, "child").steps) == ([0, 1], [*range(8)])
    assert scalars(tmp_path, "parent")
    assert not scalars(tmp_path, "child"), "a child has no thread for summaries"


def test_after_closing_there_is_no_more(tmp_path: Path) -> None:
    writer = ExplainWriter(tmp_path)
    writer.add_projection("tag", ROWS, reducer=PCA())
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="the writer is closed"):
        writer.add_projection("tag", ROWS, reducer=PCA())


def train(run: Path | None) -> dict[str, Any]:
    """40 seeded steps over a shuffled loader; with a run directory, projected every fifth."""
    random.seed(0)
    np.random.seed(0)
    model = network().train()
    model[1].eval()  # a frozen batch norm, as in fine-tuning
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    own = torch.Generator().manual_seed(5)
    training = DataLoader(data(), 12, shuffle=True)
    validation = DataLoader(data(), 16, shuffle=True, generator=own)
    probe = Probe(*(tensor[:10] for tensor in data().tensors))
    writer = None if run is None else ExplainWriter(run, strict=True)
    step = 0
    for _ in range(4):
        for images, labels in training:
            loss = nn.functional.cross_entropy(model(images + 0.01 * np.random.rand()), labels)
            optimizer.zero_grad()
            loss.backward()
            if writer is not None:
                projections = [Projection(layer, data=validation, reducer=PCA()) for layer in (None, ["0", "2"])]
                writer.explain(model, probe, step, projections, every=5)
            optimizer.step()
            step += 1
    if writer is not None:
        writer.close()
        assert len(read(run, "probe/projection/2").steps) == 8
    return {
        "model": model.state_dict(),
        "gradients": [parameter.grad for parameter in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "optimizer": optimizer.state_dict(),
        "torch": torch.get_rng_state(),
        "own": own.get_state(),
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
        "loss": loss.item(),
    }


def test_training_is_bit_equal_with_projections(tmp_path: Path) -> None:
    assert_bit_equal(train(None), train(tmp_path / "run"))


@pytest.mark.slow
def test_umap_parts_what_the_features_part(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 4
    centres = generator.normal(size=(4, 16)) * 4
    with ExplainWriter(tmp_path, strict=True) as writer:
        for step in range(2):
            writer.add_projection(
                "tag", centres[labels] + generator.normal(size=(200, 16)), global_step=step, labels=labels
            )
    found = read(tmp_path, "tag")
    assert found.series.method == "UMAP"
    assert found.steps == [0, 1]
    assert not found.messages[0].notes
    measures = {one.name: one.value for one in found.messages[1].measures}
    assert measures["knn_purity_2d"] > 0.95
    before, after = (one["positions"] for one in found.columns)
    moved = np.linalg.norm(after - before, axis=1).mean() / before.std()
    assert moved < 0.5, "rows keep their places"


def test_a_reading_that_was_not_asked_for_is_none(tmp_path: Path) -> None:
    with ExplainWriter(tmp_path) as writer:
        images: Tensor = data().tensors[0]
        probe = Probe(images[:10])
        for step in range(4):
            writer.explain(network(), probe, step, [Projection(reducer=PCA())], every=3)
    assert read(tmp_path, "probe/projection/6.input").steps == [0, 3]
