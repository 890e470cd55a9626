"""Images that maximise a layer's channels, or the classes, made again and again while a network learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from tb_explain.methods.features import stream
from tb_explain.methods.layers import Layers, bare, layer_names
from tb_explain.methods.maximize import Channel, ClassScore, Maximized, Recipe, maximize
from tb_explain.methods.method import SetMethod
from tb_explain.methods.stages import stages
from tb_explain.methods.targets import Targets, outputs_of

if TYPE_CHECKING:
    from tb_explain.probe import Probe

OUTPUT = "output"
"""What stands for the layer whose channels are the classes."""


@dataclass(frozen=True, eq=False)
class LayerImages:
    """What maximises some channels of one layer."""

    layer: str
    """Dotted name; `OUTPUT`: the classes."""
    channels: int
    """How many the layer has."""
    chosen: tuple[int, ...]
    """Which of them were maximised."""
    maximized: Maximized
    method: FeatureImages

    @property
    def scalars(self) -> dict[str, float]:
        """The share of those that nothing raises."""
        return {"unraised": float(self.maximized.dead.float().mean())}


@dataclass(frozen=True)
class FeatureImages(SetMethod):
    """Images that maximise channels of layers, and classes, as `maximize` finds them: what a filter looks for, and how that forms.

    All start from the same noise at every step, so that what changes is the network. See `maximize` for the sources.
    """

    layer: Layers = None
    """Dotted names or modules; None: the stages of the network."""
    channels: int | Sequence[int] = 16
    """How many channels of each layer, its first ones, or which; 0: none."""
    classes: int | Sequence[int] = 0
    """How many classes, the first ones, or which."""
    recipe: str | Recipe = "natural"
    """By name ("paper", "soft", "natural"), or a `Plain` or `Natural` of `tb_explain.methods.maximize`."""
    size: int | tuple[int, ...] | None = None
    """Of the images in pixels; None: that of the explained ones."""
    seed: int = 0

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Any] | None = None,
    ) -> list[LayerImages]:
        """One result a layer; the images say what the model takes. Values of images are taken for pixels, 0 to 1."""
        return self._made(model, images, targets, None, None)

    def of_probe(
        self, model: nn.Module, probe: Probe, targets: Targets = None, last: Sequence[Any] | None = None
    ) -> list[LayerImages]:
        """The same, in the probe's normalisation."""
        return self._made(model, probe.images, targets, *probe.normalisation)

    def _made(
        self,
        model: nn.Module,
        images: Tensor,
        targets: Targets,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
    ) -> list[LayerImages]:
        names = (
            (layer_names(bare(model), self.layer) or stages(bare(model), images[:1], targets)) if self.channels else []
        )
        with stream(model, images[:1], names or None, outputs_of(targets)) as batches:
            (batch,) = batches
        counts = {name: values.shape[1] for name, values in batch.layers.items()}
        counts[OUTPUT] = batch.resolved.outputs.shape[1]
        asked = dict.fromkeys([name for name in batch.layers if name in names], self.channels) | {OUTPUT: self.classes}
        chosen = {name: self._chosen(name, wanted, counts[name]) for name, wanted in asked.items()}
        found = []
        for name, some in chosen.items():
            if not some:
                continue
            made = maximize(
                model,
                [ClassScore(i) if name == OUTPUT else Channel(name, i) for i in some],
                size=tuple(images.shape[2:]) if self.size is None else self.size,
                channels=images.shape[1],
                recipe=self.recipe,
                seed=self.seed,
                mean=mean,
                std=std,
            )
            found.append(LayerImages(name, counts[name], some, made, self))
        if not found:
            raise ValueError("nothing to maximise; ask for channels, classes or both")
        return found

    @staticmethod
    def _chosen(name: str, wanted: int | Sequence[int], count: int) -> tuple[int, ...]:
        """Which of `count` channels. Raises ValueError for others."""
        found = range(min(wanted, count)) if isinstance(wanted, int) else [int(i) for i in wanted]
        wrong = [i for i in found if not 0 <= i < count]
        if wrong or (isinstance(wanted, int) and wanted < 0):
            what = "classes" if name == OUTPUT else f"channels of layer {name!r}"
            raise ValueError(f"{what} go from 0 to {count - 1}, got {wrong[0] if wrong else wanted}")
        return tuple(found)
