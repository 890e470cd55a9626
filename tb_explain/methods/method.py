"""What a method is: a small frozen value that holds its parameters and nothing else, and explains what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from tb_explain.methods.defaults import our_defaults
from tb_explain.methods.layers import as_grid

if TYPE_CHECKING:
    from tb_explain.methods.batch import Batch
    from tb_explain.methods.layers import Layers
    from tb_explain.methods.rectifiers import Rule
    from tb_explain.methods.results import Explained
    from tb_explain.methods.targets import Targets
    from tb_explain.probe import Probe


_VALUES_AT_ONCE = 1 << 24  # 64 MiB


@dataclass(frozen=True)
class Method:
    """An attribution method. Call it with a model, images and targets; or give several to `attribute`, which shares passes."""

    class_dependent: ClassVar[bool] = True
    input_gradients: ClassVar[Rule | None] = None
    """Whether, and by which rule, the method wants gradients with respect to the images from the pass that all methods share."""

    @property
    def signed(self) -> bool:
        """Whether the maps have values below zero that speak against the target."""
        return False


@dataclass(frozen=True)
class ImageMethod(Method):
    """A method that looks at the whole model, from its input to its scores."""

    def __call__(self, model: nn.Module, images: Tensor, targets: Targets = None) -> Explained:
        """Explain a batch. `images` [N, C, H, W] as the model takes them. Arguments and errors as in `attribute`."""
        from tb_explain.methods.engine import attribute

        return attribute(model, images, [self], targets)[0]

    def explain(self, batch: Batch) -> Explained:
        """Explain the images of a batch."""
        raise NotImplementedError


@dataclass(frozen=True)
class LayerMethod(Method):
    """A method that looks at one layer. `layer`: a dotted name, a module, several, or None for the last spatial layer.

    Layers of tokens [N, L, C] or [N, h, w, C] are taken as the grid that fits the images; `reshape_transform` maps another
    layer's output to [N, C, h, w].
    """

    layer: Layers = None
    reshape_transform: Callable[[Tensor], Tensor] | None = field(default=None, kw_only=True)

    needs_gradients: ClassVar[bool] = True

    def __call__(self, model: nn.Module, images: Tensor, targets: Targets = None) -> Explained | list[Explained]:
        """Explain a batch: an `Attribution`, or a list of them, one a layer, when several layers were named.

        `images` [N, C, H, W] as the model takes them. Arguments and errors as in `attribute`.
        """
        from tb_explain.methods.engine import attribute

        found = attribute(model, images, [self], targets)
        one = self.layer is None or isinstance(self.layer, (str, nn.Module))
        return found[0] if one else found

    def objective(self, batch: Batch) -> Tensor | None:
        """What to differentiate, [N, T], with its graph, from `batch.output`; None: the targets' scores."""
        return None

    def explain_layer(self, layer: LayerPass) -> Tensor:
        """Maps [N, T, h, w]."""
        # A method that does not look at the target gives one map for all of them.
        distinct = layer.targets if self.class_dependent else 1
        maps = torch.stack([self.maps(AtLayer(layer, t)) for t in range(distinct)], 1)
        return maps.expand(-1, layer.targets, *maps.shape[2:])

    def maps(self, at: AtLayer) -> Tensor:
        """Maps [N, h, w] of one target a sample."""
        raise NotImplementedError


class LayerPass:
    """What a pass over a batch left at one layer: activations A [N, C, h, w], and gradients G [T, N, C, h, w] if asked for."""

    def __init__(
        self, name: str, batch: Batch, A: Tensor, G: Tensor | None, reshape: Callable[[Tensor], Tensor] | None
    ) -> None:
        self.name = name
        self.batch = batch
        self.raw = A
        """The layer's output as it came."""
        self._reshape = reshape
        self._to_grid = as_grid(name, A, len(batch), batch.size, reshape)
        self.A = self.grid(A)
        self._G = G

    def grid(self, values: Tensor) -> Tensor:
        """What lies in the layer's own shape, as float32 [N, C, h, w]."""
        return self._to_grid(values).float()

    def without_channels(self, row: int, channels: Tensor) -> Tensor:
        """The layer's output for one image, in its own shape, once for each of the channels [M], with that channel 0 at all sites."""
        batch_axis = 0 if len(self.raw) == len(self.batch) else 1
        copies = self.raw.narrow(batch_axis, row, 1).repeat_interleave(len(channels), batch_axis)
        grid = as_grid(self.name, copies, len(channels), self.batch.size, self._reshape)(copies)
        if grid.untyped_storage().data_ptr() != copies.untyped_storage().data_ptr():
            raise ValueError(
                "ablating channels needs a reshape_transform that gives a view of the layer's output, no copy"
            )
        grid[torch.arange(len(channels), device=grid.device), channels] = 0
        return copies

    @property
    def copies_at_once(self) -> int:
        """How many of them to make at a time."""
        return max(1, _VALUES_AT_ONCE * len(self.batch) // self.raw.numel())

    @property
    def targets(self) -> int:
        """T."""
        return self.batch.targets.classes.shape[1]

    @cached_property
    def G(self) -> Tensor:
        """The gradients of the targets' scores with respect to A."""
        assert self._G is not None, "the method did not ask for gradients"
        return torch.stack([self.grid(one) for one in self._G])

    @property
    def gradient_norms(self) -> Tensor | None:
        """The largest magnitude [N, T] in each gradient; None when no gradient was asked for."""
        return None if self._G is None else self.G.abs().flatten(2).amax(2).transpose(0, 1)


class AtLayer:
    """The same for one target a sample: A [N, C, h, w], G [N, C, h, w], classes [N]."""

    def __init__(self, layer: LayerPass, target: int) -> None:
        self.layer = layer
        self.batch = layer.batch
        self.A = layer.A
        self.classes = layer.batch.targets.classes[:, target]
        self._target = target

    @property
    def G(self) -> Tensor:
        """The gradient of the target's score with respect to A."""
        return self.layer.G[self._target]

    def input_gradients(self, rule: Rule) -> Tensor:
        """The gradient of the target's score with respect to the images, [N, C, *S]."""
        return self.batch.input_gradients[rule][self._target]


@dataclass(frozen=True)
class SetMethod(Method):
    """A method that looks at a whole set of images at once, and at several layers together."""

    def __call__(self, model: nn.Module, images: Tensor, targets: Targets = None) -> list[Any]:
        """Explain images [N, C, *S] as the model takes them; one result a layer, first to last."""
        with our_defaults():
            return self.explain_set(model, images, None, targets)

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Explained] | None = None,
    ) -> list[Any]:
        """Explain images whose true classes are `labels` [N]. `last`: what was kept of the results for the same images a step before."""
        raise NotImplementedError

    def of_probe(
        self, model: nn.Module, probe: Probe, targets: Targets = None, last: Sequence[Explained] | None = None
    ) -> list[Any]:
        """Explain a probe's images; what is shown besides them is shown as the probe shows its own."""
        labels = None if probe.labels is None else torch.from_numpy(probe.labels)
        return self.explain_set(model, probe.images, labels, targets, last)

    def kept(self, found: Sequence[Any]) -> Sequence[Any]:
        """What of the results the next step is given as `last`; until then it takes memory. By default nothing."""
        return ()
