"""A short training by the framework itself leaves one run: its own scalars and our explanations, and the same weights as without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain import Probe
from tb_explain.methods import GradCAM
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of

STEPS = 6
IMAGES = torch.rand(24, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(24) % 3
METHODS = [GradCAM()]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )


def probe() -> Probe:
    return Probe(IMAGES[:4], LABELS[:4])


def loader() -> DataLoader[Any]:
    return DataLoader(TensorDataset(IMAGES, LABELS), batch_size=4)


def logged(directory: Path) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Steps of all explanations and of all scalars below a directory, which holds a single event file."""
    (events,) = directory.rglob("*tfevents*")
    index = index_of(events.parent)
    explained = {
        series.declaration.tag: index.steps(series).step.tolist()
        for series in index.series()
        if series.declaration.kind == pb.HEATMAPS
    }
    assert index.counts().failed == 0, [entry.failure.message for entry in index.failures()]
    loaded = EventAccumulator(str(events.parent))
    loaded.Reload()
    return explained, {tag: [event.step for event in loaded.Scalars(tag)] for tag in loaded.Tags()["scalars"]}


def by_lightning(directory: Path, callbacks: list[Any], loggers: bool = True, **options: Any) -> nn.Module:
    lightning = pytest.importorskip("lightning.pytorch")
    from lightning.pytorch.loggers import TensorBoardLogger

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = network()

        def forward(self, images: torch.Tensor) -> Any:
            return self.model(images)

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1)

    module = Module()
    trainer = lightning.Trainer(
        max_steps=STEPS,
        accelerator="cpu",
        logger=TensorBoardLogger(directory) if loggers else False,
        log_every_n_steps=1,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, loader())
    return module.model


def by_ignite(directory: Path, handlers: list[Any]) -> nn.Module:
    pytest.importorskip("ignite")
    from ignite.engine import Events, create_supervised_trainer
    from ignite.handlers.tensorboard_logger import TensorboardLogger

    model = network()
    trainer = create_supervised_trainer(model, torch.optim.SGD(model.parameters(), 0.1), nn.functional.cross_entropy)
    with TensorboardLogger(directory) as logger:
        logger.attach_output_handler(
            trainer, Events.ITERATION_COMPLETED, tag="", output_transform=lambda loss: {"loss": loss}
        )
        for handler in handlers:
            logger.attach(trainer, handler(model), Events.ITERATION_COMPLETED(every=3))
        trainer.run(loader(), max_epochs=1)
    return model


def by_huggingface(directory: Path, callbacks: list[Any], **arguments: Any) -> nn.Module:
    transformers = pytest.importorskip("transformers")

    torch.manual_seed(0)
    model = transformers.ViTForImageClassification(
        transformers.ViTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            image_size=8,
            patch_size=2,
            num_channels=1,
            num_labels=3,
            hidden_dropout_prob=0.1,
        )
    )
    transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            str(directory / "checkpoints"),
            max_steps=STEPS,
            per_device_train_batch_size=4,
            logging_steps=1,
            save_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
            **arguments,
        ),
        train_dataset=[{"pixel_values": image, "labels": label} for image, label in zip(IMAGES, LABELS, strict=True)],
        callbacks=callbacks,
    ).train()
    return model


def same(one: nn.Module, other: nn.Module) -> bool:
    states = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(
        name == other_name and torch.equal(value, other_value) for (name, value), (other_name, other_value) in states
    )


def test_lightning(tmp_path: Path) -> None:
    from tb_explain.integrations.lightning import ExplainCallback

    explained = by_lightning(tmp_path / "with", [ExplainCallback(probe(), METHODS, every=3, budget=None)])
    found, scalars = logged(tmp_path / "with")
    assert found == {"probe/gradcam/model.2": [0, 3, 6]}
    assert scalars["loss"] == list(range(STEPS))
    assert scalars["explain/gradcam/drift_spearman"] == [3, 6]
    assert same(explained, by_lightning(tmp_path / "without", []))


def test_lightning_without_a_tensorboard_logger_says_what_is_missing(tmp_path: Path) -> None:
    from tb_explain.integrations.lightning import ExplainCallback

    with pytest.raises(ValueError, match="found no TensorBoardLogger; give one to Trainer"):
        by_lightning(tmp_path, [ExplainCallback(probe(), METHODS)], loggers=False)


def test_lightnings_dry_run_is_left_alone(tmp_path: Path) -> None:
    pytest.importorskip("lightning.pytorch")
    from tb_explain.integrations.lightning import ExplainCallback

    by_lightning(tmp_path, [ExplainCallback(probe(), METHODS)], fast_dev_run=True)
    assert not list(tmp_path.iterdir())


def test_lightning_keeps_what_was_explained_before_training_failed(tmp_path: Path) -> None:
    lightning = pytest.importorskip("lightning.pytorch")
    from tb_explain.integrations.lightning import ExplainCallback

    class Failing(lightning.Callback):  # type: ignore[misc, name-defined]
        def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == 4:
                raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        by_lightning(tmp_path, [ExplainCallback(probe(), METHODS, every=3, budget=None), Failing()])
    assert logged(tmp_path)[0] == {"probe/gradcam/model.2": [0, 3]}


def test_ignite(tmp_path: Path) -> None:
    from tb_explain.integrations.ignite import ExplainHandler

    handler: Callable[[nn.Module], Any] = lambda model: ExplainHandler(model, probe(), METHODS, budget=None)  # noqa: E731
    explained = by_ignite(tmp_path / "with", [handler])
    found, scalars = logged(tmp_path / "with")
    assert found == {"probe/gradcam/2": [3, 6]}
    assert scalars["/loss"] == list(range(1, STEPS + 1))
    assert same(explained, by_ignite(tmp_path / "without", []))


def test_huggingface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tb_explain.integrations.huggingface import ExplainCallback

    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "with"))
    explained = by_huggingface(tmp_path, [ExplainCallback(probe(), METHODS, every=3, budget=None)], report_to="none")
    found, scalars = logged(tmp_path / "with")
    assert list(found.values()) == [[0, 3, 6]]
    assert scalars["train/loss"] == list(range(1, STEPS + 1))
    assert same(explained, by_huggingface(tmp_path, [], report_to="none"))


def test_huggingface_refuses_a_second_event_file(tmp_path: Path) -> None:
    from tb_explain.integrations.huggingface import ExplainCallback

    with pytest.raises(ValueError, match="take “tensorboard” out of"):
        by_huggingface(tmp_path, [ExplainCallback(probe(), METHODS)], report_to="tensorboard")
