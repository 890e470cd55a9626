"""Which output of a model is explained, and how one reads a score or a probability off it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from tb_explain.methods.layers import widened

Score: TypeAlias = Literal["logit", "probability", "log-odds"]
"""What is measured of a target: its logit, its probability (0..1), or log-odds, its logit less logsumexp of the others'."""


@dataclass(frozen=True)
class Top:
    """The k most probable classes of each sample, most probable first."""

    k: int


@dataclass(frozen=True)
class MultiLabel:
    """Says that each output is a label of its own, so that probabilities are sigmoids. `targets` as anywhere; None: the most probable label."""

    targets: Targets = None


@dataclass(frozen=True)
class Output:
    """One output of a model with several: its key, attribute or position, and the `targets` in it."""

    name: str | int
    targets: Targets = None


Targets: TypeAlias = "None | int | Sequence[int] | Sequence[Sequence[int]] | Tensor | Top | MultiLabel | Output | Callable[[Any], Tensor] | Sequence[Callable[[Tensor], Tensor]]"
"""What to explain.

- `None`: the predicted class of each sample.
- an int: this class, for every sample.
- N ints, or an int tensor [N]: one class a sample.
- N rows of T ints, or an int tensor [N, T]: T classes a sample.
- `Top(k)`: the k most probable classes of each sample.
- `MultiLabel(targets)`: the same where labels do not exclude each other.
- `Output(name, targets)`: the same in one output of several.
- a callable: maps the model's whole output to one score a sample, [N].
- N callables: each maps one sample's row of the output to a score.

In a segmentation, scores [N, K, h, w], a class stands for the mean of its scores over the sites that the model gives it (over all
sites, where it gives it none), and the predicted class is the one with most sites.
"""


def class_scores(output: Any) -> Tensor:
    """The scores [N, K] or [N, K, h, w] in a model's output: a tensor, the `logits` or `out` of a structure, or the first of a tuple.

    A single-logit head [N, 1] becomes two classes with the scores -z and +z. Raises TypeError or ValueError for other outputs.
    """
    scores = _scores(output)
    return torch.cat([-scores, scores], 1) if scores.shape[1] == 1 else scores


def _scores(output: Any) -> Tensor:
    scores = output
    if not isinstance(scores, Tensor):
        named = _fields(output)
        found = [named[key] for key in ("logits", "out") if key in named]
        if not found and isinstance(output, (tuple, list)):
            found = [item for item in output if isinstance(item, Tensor)]
        if not found or not isinstance(found[0], Tensor):
            raise TypeError(
                f"the model returned {type(output).__name__} in which no scores were found; expected a tensor "
                "[N, classes]; name one with targets=Output(name), or give a callable that computes one score a sample"
            )
        scores = found[0]
    if scores.ndim not in (2, 4, 5):
        raise ValueError(
            f"the model's output has shape {list(scores.shape)}, expected [N, classes]; "
            "give a callable as target that computes one score a sample"
        )
    return scores


def _fields(output: Any) -> dict[str, Any]:
    """What a structure has by name."""
    if hasattr(output, "_asdict"):  # a NamedTuple
        return dict(output._asdict())
    return output if isinstance(output, dict) else getattr(output, "__dict__", {})


def _named(output: Any, name: str | int) -> Any:
    if isinstance(name, str) and not isinstance(output, dict) and hasattr(output, name):
        return getattr(output, name)
    try:
        return output[name]
    except (KeyError, IndexError, TypeError):
        known = list(_fields(output))
        what = f"has {', '.join(map(repr, known))}" if known else f"is a {type(output).__name__}"
        raise ValueError(f"the model has no output {name!r}; what it returned {what}") from None


@dataclass(frozen=True, eq=False)
class Resolved:
    """Targets of a batch, chosen once: what is measured of perturbed copies is the same that was measured of the images."""

    classes: Tensor
    """int64 [N, T]; -1 where the target is a callable."""
    scores: Tensor
    """[N, T], the logits (or what the callables computed), with the graph that they came with."""
    probabilities: Tensor
    """float32 [N, T] in 0..1; NaN where the target is a callable."""
    outputs: Tensor
    """float32 [N, K]: the scores of all classes (a segmentation's: their means over the sites)."""
    every: Tensor | None
    """[N, K] or [N, K, *sites]: the scores of all classes in the output that the targets are of, with the graph that they came with;
    None where the target is a callable."""
    predicted: Tensor
    """int64 [N]: the class with the largest score; -1 where the target is a callable and the output has no classes."""
    predicted_probabilities: Tensor
    """float32 [N]."""
    several: bool
    """Whether the caller asked for an axis T."""
    _read: Callable[[Any, Tensor, Score], Tensor]
    predict: Callable[[Any], Tensor | None]
    """int64 [M]: what `predicted` is, for M other images, from the model's output for them; None: it has no classes."""

    def read(self, output: Any, rows: Tensor, score: Score = "logit") -> Tensor:
        """Scores [M, T] of M copies of the samples `rows` [M], from the model's output for the copies."""
        return self._read(output, rows, score)

    def shaped(self, values: Tensor) -> Tensor:
        """[N, T, ...] as the caller asked for it: without T when each sample has one target."""
        return values if self.several else values.squeeze(1)


def is_callable_list(targets: Targets) -> bool:
    """Whether there is one callable a sample."""
    return isinstance(targets, Sequence) and len(targets) > 0 and all(callable(target) for target in targets)


def slice_targets(targets: Targets, n: int, part: slice) -> Targets:
    """The targets of some of the n samples. Raises ValueError when there is not one for each sample."""
    if isinstance(targets, MultiLabel):
        return MultiLabel(slice_targets(targets.targets, n, part))
    if isinstance(targets, Output):
        return Output(targets.name, slice_targets(targets.targets, n, part))
    if targets is None or isinstance(targets, (int, Integral, Top)) or callable(targets):
        return targets
    if isinstance(targets, Tensor) and targets.ndim == 0:
        return targets
    if len(targets) != n:
        raise ValueError(
            f"got {len(targets)} targets for {n} images; give one a sample, one int for all, or None for the predicted"
        )
    return targets[part]


def with_classes(targets: Targets, classes: Tensor) -> Targets:
    """The same kind of targets with these classes, [N] or [N, T], in place of what was asked for; callables stay what they are."""
    if isinstance(targets, MultiLabel):
        return MultiLabel(with_classes(targets.targets, classes))
    if isinstance(targets, Output):
        return Output(targets.name, with_classes(targets.targets, classes))
    if callable(targets) or is_callable_list(targets):
        return targets
    if (classes < 0).any():
        raise ValueError("what was explained are callables, not classes; give them as targets again")
    return classes


def resolve(targets: Targets, output: Any) -> Resolved:
    """Look the targets up in a model's output. Raises TypeError or ValueError when they do not fit it."""
    name: str | int | None = None
    labels = False
    while isinstance(targets, (MultiLabel, Output)):
        if isinstance(targets, Output):
            output = _named(output, targets.name)
            name = targets.name
        labels = labels or isinstance(targets, MultiLabel)
        targets = targets.targets
    if callable(targets) or is_callable_list(targets):
        return _of_callables(targets, output, name)
    every = class_scores(output)
    # A single logit z was doubled to (-z, z): the probability of each is its own sigmoid, as with labels.
    sigmoid = labels or _scores(output).shape[1] == 1
    regions = every.detach().argmax(1) if every.ndim > 2 else None
    flat = _support(every)
    k = flat.shape[1]
    classes, several = _classes(targets, flat)
    outside = classes[(classes < 0) | (classes >= k)]
    if len(outside):
        raise ValueError(f"target {int(outside[0])} is out of range: the model has {k} classes, 0 to {k - 1}")

    def read(output: Any, rows: Tensor, score: Score) -> Tensor:
        every = class_scores(output if name is None else _named(output, name))
        return _picked(every, classes[rows], None if regions is None else regions[rows], score, sigmoid)

    predicted = flat.argmax(1, keepdim=True)
    with torch.no_grad():
        probabilities, sure = (
            _picked(every.detach().float(), which, regions, "probability", sigmoid) for which in (classes, predicted)
        )
    return Resolved(
        classes=classes,
        scores=_picked(every, classes, regions, "logit", sigmoid),
        probabilities=probabilities,
        outputs=every.detach().float() if regions is None else every.detach().float().flatten(2).mean(2),
        every=every,
        predicted=predicted[:, 0],
        predicted_probabilities=sure[:, 0],
        several=several,
        _read=read,
        predict=lambda output: _support(class_scores(output if name is None else _named(output, name))).argmax(1),
    )


def _support(every: Tensor) -> Tensor:
    """What classes are ranked by, [N, K]: their scores; in a segmentation [N, K, *sites], how many sites each has."""
    every = every.detach().float()
    if every.ndim == 2:
        return every
    flat = every.argmax(1).flatten(1)
    return torch.zeros(every.shape[:2], device=flat.device).scatter_add_(
        1, flat, torch.ones_like(flat, dtype=torch.float)
    )


def _classes(targets: Any, flat: Tensor) -> tuple[Tensor, bool]:
    n, k = flat.shape
    if targets is None:
        return flat.argmax(1, keepdim=True), False
    if isinstance(targets, Top):
        if targets.k < 1:
            raise ValueError(f"Top({targets.k}) names no class; give Top(1) or more")
        return flat.topk(min(targets.k, k), 1).indices, True
    given = torch.as_tensor(targets, device=flat.device)
    if given.is_floating_point() or given.dtype == torch.bool or given.is_complex():
        raise TypeError(f"targets must be class indices (integers), got {given.dtype}")
    if given.ndim > 2:
        raise ValueError(f"targets must have shape [], [N] or [N, T], got {list(given.shape)}")
    if given.ndim == 0:
        return given.long().expand(n).unsqueeze(1), False
    return given.long().reshape(n, -1), given.ndim == 2


def _picked(every: Tensor, classes: Tensor, regions: Tensor | None, score: Score, sigmoid: bool) -> Tensor:
    """Scores [M, T] of the classes [M, T], from those of all classes [M, K], or [M, K, *sites] with the class of each site."""
    index = widened(classes, every.ndim).expand(-1, -1, *every.shape[2:])
    if score == "probability":
        every = every.float()
        values = (every.sigmoid() if sigmoid else every.softmax(1)).gather(1, index)
    elif score == "logit" or (score == "log-odds" and sigmoid):
        values = every.gather(1, index)
    elif score == "log-odds":
        # Of the others alone: by 1 - p it would be infinite as soon as p rounds to 1.
        every = every.float()
        others = [every.scatter(1, one[:, None], -torch.inf).logsumexp(1) for one in index.unbind(1)]
        values = every.gather(1, index) - torch.stack(others, 1)
    else:
        raise ValueError(f"score must be 'logit', 'probability' or 'log-odds', got {score!r}")
    if regions is None:
        return values
    mine = widened(classes, every.ndim) == regions[:, None]
    mine = mine | ~widened(mine.flatten(2).any(2), every.ndim)
    # In half precision the sum over a few thousand sites, and their number, may be infinite.
    return (values.float() * mine).flatten(2).sum(2) / mine.flatten(2).sum(2)


def _of_callables(targets: Any, output: Any, name: str | int | None) -> Resolved:
    def read(output: Any, rows: Tensor, score: Score) -> Tensor:
        if name is not None:
            output = _named(output, name)
        if callable(targets):
            return _one_a_sample(targets(output))[:, None]
        each = [targets[row](one) for row, one in zip(rows.tolist(), output, strict=True)]
        return _one_a_sample(torch.stack(each))[:, None]

    if callable(targets):
        scores = _one_a_sample(targets(output))
    else:
        scores = _one_a_sample(torch.stack([target(row) for target, row in zip(targets, output, strict=True)]))

    def predict(output: Any) -> Tensor | None:
        try:
            return _support(class_scores(output if name is None else _named(output, name))).argmax(1)
        except (TypeError, ValueError):
            return None

    nothing = torch.full_like(scores, -1, dtype=torch.long)
    unknown = torch.full_like(scores, torch.nan, dtype=torch.float32)
    try:
        every = class_scores(output).detach().float()
        predicted = _support(every).argmax(1)
        outputs = every.flatten(2).mean(2) if every.ndim > 2 else every
        sure = outputs.softmax(1).gather(1, predicted[:, None])[:, 0]
    except (TypeError, ValueError):
        outputs, predicted, sure = scores.detach().float()[:, None], nothing, unknown
    classes, values, shares = nothing[:, None], scores[:, None], unknown[:, None]
    return Resolved(classes, values, shares, outputs, None, predicted, sure, several=False, _read=read, predict=predict)


def _one_a_sample(scores: Any) -> Tensor:
    if not isinstance(scores, Tensor) or scores.ndim != 1:
        got = list(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"a target callable must return one score a sample, a tensor [N], got {got}")
    return scores


def outputs_of(targets: Targets) -> Targets:
    """Which output is read, and how, without the classes that are asked for."""
    if isinstance(targets, MultiLabel):
        return MultiLabel(outputs_of(targets.targets))
    return Output(targets.name, outputs_of(targets.targets)) if isinstance(targets, Output) else None
