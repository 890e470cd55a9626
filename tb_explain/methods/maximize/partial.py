"""A network run only as far as somebody looks: the forward pass ends at the last layer wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tb_explain.methods.layers import first_tensor, grid_of
from tb_explain.methods.maximize.objectives import Objective, Seen
from tb_explain.methods.network import Network
from tb_explain.methods.taps import first_output, removed_after, replaced
from tb_explain.methods.targets import class_scores

_OF_LAYOUT = "view size is not compatible"


class _Enough(BaseException):
    """All that is wanted was seen. No Exception, so that no model catches it."""


class Partial:
    """Scores of objectives, from passes that end at the last layer they look at, or with the model's output.

    `image` [1, C, *S] goes through the whole network once, which tells how often each layer is called and whether the objectives fit.
    Raises ValueError where they do not.
    """

    def __init__(self, network: Network, objectives: Sequence[Objective], image: Tensor) -> None:
        self._network = network
        self._names = frozenset().union(*(objective.layers() for objective in objectives))
        self._to_the_end = any(objective.of_class() for objective in objectives)
        self._calls: Counter[str] = Counter()
        with torch.no_grad():
            seen = self._seen(image, first=True)[0]
            for objective in objectives:
                objective.score(seen)

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of images [n, C, H, W] in which the network is fastest."""
        return self._network.memory_format

    def scores(self, images: Tensor, objectives: Sequence[Objective]) -> Tensor:
        """[n], with its graph: of each of n images the score of its own objective."""
        found = [objective.score(seen) for objective, seen in zip(objectives, self._seen(images), strict=True)]
        return torch.stack([score.to(images.dtype) for score in found])

    def _seen(self, images: Tensor, first: bool = False) -> list[Seen]:
        try:
            kept, output = self._run(images, first)
        except (RuntimeError, ValueError) as error:
            # A model that uses `view` needs the other layout.
            if _OF_LAYOUT in str(error) and self._network.memory_format != torch.contiguous_format:
                self._network.memory_format = torch.contiguous_format
                return self._seen(images, first)
            if first and "the model does not take images" in str(error):
                extents = ", ".join("DHW"[-(images.ndim - 2) :])
                raise ValueError(f"{error}, by size=({extents}) and channels=C") from error
            raise
        size, n = tuple(images.shape[2:]), len(images)
        # unbind, whose backward pass is one stack: by indexing each row would make a gradient as large as the layer.
        layers = {name: _with_sites(name, self._laid_out(tensor), n, size).unbind() for name, tensor in kept.items()}
        every = class_scores(output) if self._to_the_end else None
        if every is not None and every.ndim > 2:
            every = every.flatten(2).mean(2)
        rows = [None] * n if every is None else every.unbind()
        return [Seen({name: rows_of[i] for name, rows_of in layers.items()}, rows[i]) for i in range(n)]

    def _laid_out(self, tensor: Tensor) -> Tensor:
        """The same; its gradient, which a stack would give in another layout, begins in the one in which the network is fastest."""
        layout = self.memory_format
        if tensor.ndim == 4 and tensor.requires_grad and layout != torch.contiguous_format:
            tensor.register_hook(lambda gradient: gradient.contiguous(memory_format=layout))  # type: ignore[no-untyped-call]
        return tensor

    def _run(self, images: Tensor, first: bool) -> tuple[dict[str, Tensor], Any]:
        """The layers as they come, and the output of a pass that reached it. The `first` pass counts calls and does not stop."""
        kept: dict[str, Tensor] = {}
        calls: Counter[str] = Counter()
        modules = dict(self._network.module.named_modules())

        def keep(name: str, output: Any) -> Any:
            calls[name] += 1
            if not first and calls[name] < self._calls[name]:
                return None
            tensor = first_tensor(output)
            if tensor is None:
                raise ValueError(f"layer {name!r} gives no tensor but {type(output).__name__}; name another one")
            kept[name] = tensor
            if not first and not self._to_the_end and len(kept) == len(self._names):
                raise _Enough
            # The model goes on with a copy: the next operation may be in-place and would overwrite what was kept.
            return replaced(output, tensor, tensor.clone())

        hooks = [
            modules[name].register_forward_hook(lambda _module, _args, output, name=name: keep(name, output))
            for name in sorted(self._names)
        ]
        # A copy, which the model may change in place.
        layout = self.memory_format if images.ndim == 4 else torch.contiguous_format
        inputs = images.clone(memory_format=layout)
        with removed_after(hooks):
            try:
                output = first_output(self._network, inputs)
            except _Enough:
                return kept, None
            except (RuntimeError, ValueError) as error:
                # Images of another size than the network is made for are good enough for layers before its head.
                if not first or self._to_the_end or _OF_LAYOUT in str(error) or len(kept) < len(self._names):
                    raise
                output = None
        missing = self._names - kept.keys()
        if missing:
            raise ValueError(f"layer {min(missing)!r} was not used in the model's forward pass; name another one")
        if first:
            self._calls = calls
        return kept, output


def _with_sites(name: str, output: Tensor, n: int, size: tuple[int, ...]) -> Tensor:
    """A layer's output as [n, C, *sites]; what has no positions, as one position."""
    if output.ndim == 2 and len(output) == n:
        return output[(...,) + (None,) * len(size)]
    if output.ndim == len(size) + 2 and len(output) == n and output[0, 0].numel() == 1:
        return output
    grid = grid_of(output.shape, n, size)
    if grid is None:
        raise ValueError(
            f"layer {name!r} gives {list(output.shape)}, in which there are no channels; name one that gives [N, C], [N, C, h, w], or "
            "tokens that fit a grid"
        )
    return grid(output)
