"""Receptive fields: which box of the input each position of a layer sees, found by what NaN in the input reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tb_explain.methods.layers import first_tensor, grid_of, layer_names, widened
from tb_explain.methods.network import Network, checked_inputs, undisturbed
from tb_explain.methods.taps import first_output, removed_after


@dataclass(frozen=True)
class ReceptiveFields:
    """Which part of the input each position of a layer sees, clipped to the input.

    `starts` and `stops` hold, for each spatial axis, for each index of the layer along that axis, the first index of the input that
    it sees and the one behind the last. With holes, as of dilated convolutions, it is what is around them, and where the axes
    depend on each other what is around the fields of all positions with that index. A position that sees nothing (only
    padding) has an empty range.
    """

    starts: tuple[tuple[int, ...], ...]
    stops: tuple[tuple[int, ...], ...]
    size: tuple[int, ...]  # of the input: (H, W) or (D, H, W)

    def box(self, position: Sequence[int]) -> tuple[slice, ...]:
        """The receptive field of a position of the layer, in pixels of the input."""
        where = self._checked(position)
        return tuple(slice(start[i], stop[i]) for start, stop, i in zip(self.starts, self.stops, where, strict=True))

    def touching(self, position: Sequence[int]) -> tuple[slice, ...]:
        """The response field of a position: the box around all positions whose receptive fields overlap its own, and itself."""
        found = []
        for starts, stops, i in zip(self.starts, self.stops, self._checked(position), strict=True):
            overlap = [
                j
                for j, (start, stop) in enumerate(zip(starts, stops, strict=True))
                if j == i or max(start, starts[i]) < min(stop, stops[i])
            ]
            found.append(slice(overlap[0], overlap[-1] + 1))
        return tuple(found)

    def _checked(self, position: Sequence[int]) -> Sequence[int]:
        sites = tuple(map(len, self.starts))
        if len(position) != len(sites) or not all(0 <= i < n for i, n in zip(position, sites, strict=True)):
            raise ValueError(f"the layer has {list(sites)} positions, there is no {list(position)}")
        return position


def receptive_fields(model: nn.Module, layers: Sequence[str], images: Tensor) -> dict[str, ReceptiveFields]:
    """Receptive fields of layers, by their names, of any model that runs: `q` sees row `i` if NaN in row `i` makes `q` NaN.

    That holds for what a model computes between its modules too, for additions and concatenations, for any kernel, stride, padding
    and rounding. A weight of zero counts as seeing, as do masked tokens. Tokens of transformers are taken as their
    grid; a layer [N, C] has one position. The model is left as it was.

    Cost: a forward pass of one image for each row and each column, in batches, up to the last of the layers. Where the model also takes
    narrow images and some rows say the same there, they do for the others.

    Args:
        images: float [N, C, H, W] or [N, C, D, H, W] as the model takes them; only the first is used.

    Raises:
        TypeError, ValueError: the model, a layer or the images do not fit, a layer does not depend on the image, or NaN does
        not pass through the model. What the model itself raises passes through.
    """
    model = checked_inputs(model, images)
    names = layer_names(model, layers)
    if names is None:
        raise ValueError("no layer given; give the names of those whose receptive fields to find")
    # Geometry does not depend on the precision, whereas kernels for half precision do, see `_exact_kernels`.
    with torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False), undisturbed(model) as network:
        image = images[:1].detach().to(network.device, network.dtype).nan_to_num(0, 0, 0)
        with torch.no_grad(), _exact_kernels(model):
            found = _found(_Layers(network, names, image), image)
    return {name: found[name] for name in names}


@contextmanager
def _exact_kernels(model: nn.Module) -> Iterator[None]:
    """Without the kernels in which NaN reaches outputs that do not depend on it.

    NNPACK, and cuDNN as it likes, convolve by Winograd's or Fourier's way, which mix a whole tile. For half precision, oneDNN multiplies
    by zero what is next to an odd number of channels; in single precision it does not.
    """
    backends: list[Any] = [torch.backends.cudnn]
    if any(parameter.dtype in (torch.float16, torch.bfloat16) for parameter in model.parameters()):
        backends.append(torch.backends.mkldnn)
    before = [backend.enabled for backend in backends]
    with torch.backends.nnpack.flags(enabled=False):
        try:
            for backend in backends:
                backend.enabled = False
            yield
        finally:
            for backend, enabled in zip(backends, before, strict=True):
                backend.enabled = enabled


class _Reached(Exception):
    """The last of the layers has been called."""


class _Layers:
    """Some layers of a network, read while images pass."""

    def __init__(self, network: Network, names: Sequence[str], image: Tensor) -> None:
        self._network = network
        modules = dict(network.module.named_modules())
        self._modules = {name: modules[name] for name in names}
        self._n_calls = 0  # of the layers in a pass; the first one goes to the end
        calls, nan = self._pass(lambda: first_output(network, image.clone()), image, lambda grid: grid.isnan().any())
        missing = self._modules.keys() - nan
        if missing:
            raise ValueError(f"layer {min(missing)!r} was not used in the model's forward pass; name another one")
        for name in names:
            if nan[name]:
                raise ValueError(
                    f"layer {name!r} is NaN for the first image as it is, so that nothing can be told; give another one"
                )
        self._n_calls = calls

    def read(self, images: Tensor, read: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """What `read` makes of each layer's [M, C, *positions]. Of a layer that is called several times the last call counts."""
        return self._pass(lambda: self._network.forward_only(images), images, read)[1]

    def _pass(
        self, run: Callable[[], Any], images: Tensor, read: Callable[[Tensor], Tensor]
    ) -> tuple[int, dict[str, Tensor]]:
        calls = 0
        found: dict[str, Tensor] = {}

        def begin(_module: nn.Module, _args: Any) -> None:  # a run may be the second attempt
            nonlocal calls
            calls = 0
            found.clear()

        def keep(name: str, output: Any) -> None:
            nonlocal calls
            calls += 1
            found[name] = read(_grid(name, output, images))
            if calls == self._n_calls:
                raise _Reached

        hooks: list[Any] = [self._network.module.register_forward_pre_hook(begin)]
        hooks += [
            module.register_forward_hook(lambda _module, _args, output, name=name: keep(name, output))
            for name, module in self._modules.items()
        ]
        with removed_after(hooks), suppress(_Reached):
            run()
        return calls, found


def _grid(name: str, output: Any, images: Tensor) -> Tensor:
    """A layer's output as [N, C, *positions]."""
    tensor = first_tensor(output)
    if tensor is None:
        raise ValueError(f"layer {name!r} gives no float tensor but {type(output).__name__}; name another one")
    n, size = len(images), tuple(images.shape[2:])
    if tensor.ndim in (2, len(size) + 2) and len(tensor) == n and tensor.shape[2:].numel() == 1:
        return widened(tensor, len(size) + 2)
    grid = grid_of(tensor.shape, n, size)
    if grid is None:
        raise ValueError(
            f"layer {name!r} gives {list(tensor.shape)}, expected [N, C, h, w], tokens that fit a grid, or [N, C]; name another one"
        )
    return grid(tensor)


def _found(layers: _Layers, image: Tensor) -> dict[str, ReceptiveFields]:
    size = tuple(image.shape[2:])
    axes = range(len(size))
    spans: list[dict[str, _Spans]] = []
    with tqdm(total=sum(size), desc="receptive fields", unit="row", leave=False, delay=2, disable=None) as bar:
        for axis in axes:
            spans.append({name: _spans(seen) for name, seen in _seen(layers, image, axis, bar).items()})
            _check(layers, image, axis, spans[axis])
    for name, (starts, stops) in spans[0].items():
        if starts == stops:
            raise ValueError(f"layer {name!r} does not depend on the images; name another one")
    return {
        name: ReceptiveFields(
            tuple(spans[axis][name][0] for axis in axes), tuple(spans[axis][name][1] for axis in axes), size
        )
        for name in spans[0]
    }


_BATCH = 16
_SAMPLE = 8  # rows that must say the same of a narrow image
_WIDTHS = (32, 96)  # some models need more than they shrink by
_CUTS = 4


def _seen(layers: _Layers, image: Tensor, axis: int, bar: tqdm[Any]) -> dict[str, Tensor]:
    """Of each layer, bool [S, positions] along an axis: whether the position sees the row."""
    extent = image.shape[2 + axis]
    sample = torch.linspace(0, extent - 1, min(_SAMPLE, extent)).long().tolist()
    rest = [i for i in range(extent) if i not in sample]
    try:
        truth = _reached_by(layers, image, axis, sample, bar)
        for width in _WIDTHS:
            narrow = image[
                (slice(None),) * 2 + tuple(slice(None if i == axis else width) for i in range(image.ndim - 2))
            ]
            if narrow.shape != image.shape and _agrees(layers, narrow, axis, sample, truth):
                image = narrow
                break
        scans = [truth, _reached_by(layers, image, axis, rest, bar)] if rest else [truth]
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise ValueError(
            f"the model fails on images that hold NaN, by which receptive fields are found ({str(error).partition(chr(10))[0]})"
        ) from error
    order = torch.tensor(sample + rest).argsort()
    return {name: torch.cat([scan[name] for scan in scans])[order] for name in truth}


def _agrees(layers: _Layers, narrow: Tensor, axis: int, sample: list[int], truth: dict[str, Tensor]) -> bool:
    try:
        same = _reached_by(layers, narrow, axis, sample)
    except Exception:  # of whatever kind: the model does not take such images
        return False
    return same.keys() == truth.keys() and all(torch.equal(same[name], seen) for name, seen in truth.items())


def _reached_by(
    layers: _Layers, image: Tensor, axis: int, rows: Sequence[int], bar: tqdm[Any] | None = None
) -> dict[str, Tensor]:
    """Of each layer, bool [rows, positions]: where along the axis something is NaN when that row of the image is."""
    parts = []
    for first in range(0, len(rows), _BATCH):
        some = rows[first : first + _BATCH]
        copies = image.repeat(len(some), *(1,) * (image.ndim - 1))
        for copy, row in zip(copies, some, strict=True):
            copy.select(1 + axis, row).fill_(torch.nan)
        parts.append(layers.read(copies, lambda grid: _along(grid.isnan(), axis).cpu()))
        if bar is not None:
            bar.update(len(some))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _along(hits: Tensor, axis: int) -> Tensor:
    """Of bool [M, C, *positions], [M, positions along an axis]."""
    return hits.movedim(2 + axis, 1).flatten(2).any(2)


_Spans = tuple[tuple[int, ...], tuple[int, ...]]
"""Starts and stops along an axis."""


def _spans(seen: Tensor) -> _Spans:
    starts, stops, last = [], [], 0
    for rows in seen.T:
        found = rows.nonzero().flatten()
        start, stop = (int(found[0]), int(found[-1]) + 1) if len(found) else (last, last)
        starts.append(start)
        stops.append(stop)
        last = stop
    return tuple(starts), tuple(stops)


def _check(layers: _Layers, image: Tensor, axis: int, spans: dict[str, _Spans]) -> None:
    """Raises ValueError where other pixels than those seen change a layer: something on the way there replaces NaN."""
    extent = image.shape[2 + axis]
    cuts = sorted(set(torch.linspace(0, extent, _CUTS + 2).long().tolist()[1:-1]))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(image.shape, device="cpu", generator=generator).to(image) * image.abs().max().clamp(min=1)
    copies = image.repeat(1 + 2 * len(cuts), *(1,) * (image.ndim - 1))
    for i, cut in enumerate(cuts):
        for copy, part in ((copies[1 + 2 * i], slice(cut)), (copies[2 + 2 * i], slice(cut, None))):
            where = (slice(None), *(slice(None),) * axis, part)
            copy[where] = noise[0][where]

    def changed(grid: Tensor) -> Tensor:
        usual = torch.finfo(grid.dtype).eps ** 0.5 * grid[0].abs().max()  # copies differ by rounding
        return _along((grid[1:] - grid[:1]).abs() > usual, axis).cpu()

    for name, hits in layers.read(copies, changed).items():
        starts, stops = map(torch.tensor, spans[name])
        unseen = torch.stack([values for cut in cuts for values in (starts >= cut, stops <= cut)])
        if (hits & unseen).any():
            raise ValueError(
                f"layer {name!r} depends on more of the image than NaN reaches, by which receptive fields are found: the model replaces "
                "NaN on the way (as nan_to_num and comparisons do); name an earlier layer"
            )
