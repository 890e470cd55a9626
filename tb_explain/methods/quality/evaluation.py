"""Evaluating figures on results: the copies that all of them need go through the model in full batches, each only once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tb_explain.methods.batch import Batch
from tb_explain.methods.engine import attribute
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.quality.copies import Copies, Imputed
from tb_explain.methods.quality.figures import Better, EnergyInside, Figure, MapFigure, Pointing
from tb_explain.methods.quality.sanity import MethodFigure
from tb_explain.methods.quality.subject import Subject, centred_gaussian
from tb_explain.methods.results import Explained, about
from tb_explain.methods.targets import Targets, with_classes

FULL = 4  # batches of copies that are worth gathering from several images


@dataclass(frozen=True, eq=False)
class FigureValues:
    """One figure of each map of a result, beside the same figure of two maps that know nothing."""

    name: str
    """For example "insertion"."""
    values: Tensor
    """float32 [N, *]; NaN where the figure is not defined."""
    random: Tensor | None
    """float32 [N, *]: of uniform noise at the map's resolution."""
    centred: Tensor | None
    """float32 [N, *]: of a Gaussian in the middle of the image."""
    better: Better


def evaluate(
    model: nn.Module,
    images: Tensor,
    results: Sequence[Explained],
    figures: Sequence[Figure],
    targets: Targets = None,
    *,
    masks: Tensor | None = None,
    controls: bool = True,
    seed: int = 0,
    batch_size: int = 16,
) -> list[list[FigureValues]]:
    """Figures of the maps of several results for the same images and targets, as one call of `attribute` gave them.

    Copies of an image that several figures need are shared, and so are the two maps that know nothing, whose figures cost no more for
    many results than for one. The model is left as it was, as by `attribute`; all random numbers come from `seed`.

    Args:
        targets: those that were given to `attribute`; None suffices unless they were callables, `MultiLabel` or `Output`.
        masks: bool [N, H, W], or [N, T, H, W] with one a target: where the object is, for `Pointing` and `EnergyInside`.
        controls: whether the figures of noise and of a centred Gaussian are computed as well.
        batch_size: images that are looked at together.

    Returns:
        For each result the figures, in order. Values are on the model's device.

    Raises:
        TypeError, ValueError: the results, figures or masks do not fit; one sentence says how.
    """
    results = [results] if isinstance(results, Explained) else list(results)
    _check(images, results, figures, masks)
    targets = with_classes(targets, results[0].targets)
    of_maps = [figure for figure in figures if isinstance(figure, MapFigure)]
    values: dict[Figure, Tensor] = {}
    if of_maps:
        evaluation = _Evaluation(tuple(results), tuple(of_maps), masks, controls, seed)
        evaluated = attribute(model, images, [evaluation], targets, batch_size=batch_size)[0]
        assert isinstance(evaluated, _Evaluated)
        values |= dict(zip(of_maps, evaluated.figures.unbind(1), strict=True))
    for figure in figures:
        if isinstance(figure, MethodFigure):
            values[figure] = figure.of(model, images, results, targets, seed, batch_size)
    return [[_shaped(figure, values[figure][:, r], result) for figure in figures] for r, result in enumerate(results)]


def boxes_as_masks(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks bool [N, H, W] of the pixels inside any of an image's boxes [N, B, 4], each (left, top, right, bottom) in pixels."""
    left, top, right, bottom = boxes[..., None, None].unbind(-3)
    y = torch.arange(size[0], device=boxes.device)[:, None] + 0.5
    x = torch.arange(size[1], device=boxes.device) + 0.5
    return ((left < x) & (x < right) & (top < y) & (y < bottom)).any(1)


def _check(images: Tensor, results: list[Explained], figures: Sequence[Figure], masks: Tensor | None) -> None:
    if not results or not figures:
        raise ValueError("nothing to evaluate; give at least one result and one figure, for example Deletion()")
    for figure in figures:
        if not isinstance(figure, Figure):
            raise TypeError(f"{figure!r} is no figure; give values such as Deletion() or ROAD()")
        if isinstance(figure, (Pointing, EnergyInside)) and masks is None:
            raise ValueError(f"{type(figure).__name__} needs to know where the object is; give masks [N, H, W]")
    first = results[0].targets
    for result in results:
        if result.targets.shape != first.shape or not torch.equal(result.targets.to(first), first):
            raise ValueError("the results explain different targets; evaluate those of one call of attribute together")
        if len(result.maps) != len(images) or result.input_size != tuple(images.shape[2:]):
            raise ValueError(
                f"the results explain {len(result.maps)} images {list(result.input_size)}, "
                f"but the images given are {list(images.shape)}"
            )
    if masks is not None and masks.shape not in ((len(images), *images.shape[2:]), (*first.shape, *images.shape[2:])):
        raise ValueError(
            f"the masks must be [N, H, W] or [N, T, H, W] for images {list(images.shape)}, got {list(masks.shape)}"
        )


def _shaped(figure: Figure, values: Tensor, result: Explained) -> FigureValues:
    """Of values [N, kinds, T]: the map's, and the controls' where there are."""
    several = result.targets.ndim == 2
    kinds = [kind if several else kind[:, 0] for kind in values.unbind(1)]
    random, centred = kinds[1:] or (None, None)
    return FigureValues(figure.name, kinds[0], random, centred, figure.better)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Evaluated(Explained):
    figures: Tensor
    """float32 [N, figures, results, kinds, T]; the kinds: the map, noise, a centred Gaussian."""


@dataclass(frozen=True, eq=False)
class _Evaluation(ImageMethod):
    """Figures as something to be found out about a batch, so that the engine runs the model for them as for any method."""

    results: tuple[Explained, ...]
    figures: tuple[MapFigure, ...]
    masks: Tensor | None
    controls: bool
    seed: int

    def explain(self, batch: Batch) -> _Evaluated:
        with torch.no_grad():
            images = range(len(batch))
            copies = list(dict.fromkeys(copies for figure in self.figures for copies in figure.copies))
            if len(batch.size) != 2 and any(isinstance(one, Imputed) for one in copies):
                raise ValueError(f"ROAD fills in pixels of images [N, C, H, W]; got {list(batch.images.shape)}")
            clean = batch.clean("probability")
            found = []
            group: list[_Job] = []
            for row in images:
                group.append(_Job(self, batch, row, copies))
                if sum(job.count for job in group) >= FULL * batch.chunk or row == images[-1]:
                    scores = _scores(batch, group) if copies else [{} for _ in group]
                    found += [job.values(some, clean[job.row]) for job, some in zip(group, scores, strict=True)]
                    group = []
        flags = torch.zeros_like(batch.targets.classes, dtype=torch.uint8)
        return _Evaluated(figures=torch.stack(found), **about(batch, self, flags))


class _Job:
    """All figures of one image: which maps there are, and for which result and target each stands."""

    def __init__(self, evaluation: _Evaluation, batch: Batch, row: int, copies: list[Copies]) -> None:
        self.figures = evaluation.figures
        self.row = row
        self.n_targets = batch.targets.classes.shape[1]
        sample, device = batch.first + row, batch.images.device
        native: list[Tensor] = []
        self.kinds: list[list[list[int]]] = []
        """The map of each result, kind and target."""
        masks = None if evaluation.masks is None else evaluation.masks[sample].to(device, torch.bool)
        if masks is not None:
            masks = masks.expand(self.n_targets, *batch.size)
        self.subject = Subject(batch, row, native, masks, evaluation.seed)
        known: dict[tuple[int, ...], int] = {}
        for result in evaluation.results:
            maps = result.maps[sample].to(device).float().reshape(-1, *result.maps.shape[-len(batch.size) :])
            # A method that does not look at the target gave the same map for all.
            distinct = maps if result.method.class_dependent else maps[:1]
            mine = [len(native) + min(t, len(distinct) - 1) for t in range(self.n_targets)]
            native.extend(distinct)
            kinds = [mine]
            if evaluation.controls:
                size = tuple(maps.shape[1:])
                if size not in known:
                    known[size] = len(native)
                    native.extend([self.subject.noise(size), centred_gaussian(size, device)])
                kinds += [[known[size]] * self.n_targets, [known[size] + 1] * self.n_targets]
            self.kinds.append(kinds)
        self.finite = torch.stack([one.isfinite().all() for one in native])
        native[:] = [one.nan_to_num(0, 0, 0) for one in native]
        self.parts = [(part, part.count(self.subject)) for part in copies]
        self.count = sum(count for _, count in self.parts)

    def values(self, scores: dict[Copies, Tensor], clean: Tensor) -> Tensor:
        """[figures, results, kinds, T]."""
        which = torch.tensor(self.kinds, device=clean.device)
        columns = torch.arange(self.n_targets, device=clean.device)
        found = []
        for figure in self.figures:
            values = figure.values(self.subject, scores, clean)
            values = values.expand(-1, self.n_targets).where(self.finite[:, None], torch.nan)
            found.append(values[which, columns])
        return torch.stack(found)


def _scores(batch: Batch, jobs: list[_Job]) -> list[dict[Copies, Tensor]]:
    """The probabilities [count, T] of all copies of some images, by passes that are full whatever the copies belong to."""
    rows = torch.cat([torch.full((job.count,), job.row, device=batch.images.device) for job in jobs])
    spans: list[tuple[_Job, Copies, int, int]] = []
    first = 0
    for job in jobs:
        for copies, count in job.parts:
            spans.append((job, copies, first, first + count))
            first += count

    def write(buffer: Tensor, start: int, stop: int) -> None:
        for job, copies, begin, end in spans:
            here, there = max(begin, start), min(end, stop)
            if here < there:
                copies.write(job.subject, buffer[here - start : there - start], here - begin, there - begin)

    scores = batch.perturbed(rows, first, write)
    found: list[dict[Copies, Tensor]] = [{} for _ in jobs]
    place = {job.row: some for job, some in zip(jobs, found, strict=True)}
    for job, copies, begin, end in spans:
        place[job.row][copies] = scores[begin:end]
    return found
