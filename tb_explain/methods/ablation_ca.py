"""Ablation-CA: what superpixels contribute alone, and which of them belong together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from tb_explain.methods.baselines import Baseline
from tb_explain.methods.batch import Batch
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.results import Correlations, Flag, Related, about
from tb_explain.methods.superpixels import Segmentation, count, scores_of_kept, segment
from tb_explain.methods.targets import Score

_LEAST_CORRELATION = 0.02  # below it a pair is not listed
_LEAST_GAIN = 0.05  # of correlation, for another member of a group
_MOST_MEMBERS = 5
_MOST_GROUPS = 3


@dataclass(frozen=True)
class AblationCA(ImageMethod):
    """S_i = f(x) - f(x without i);  S_ij = f(x) - f(x without i and j);  correlation of i and j = S_i + S_j - S_ij.

    Above 0 the two are needed together, below 0 either will do, at 0 they act for themselves: the interaction index of second order
    (Grabisch & Roubens 1999; Fujimoto et al. 2006), for the pipeline of ablation-based correspondence analysis (Wang et al. 2024:
    superpixels, sensitivity, synchronous ablation, correlation, ranking), whose own formula is not openly published. With a
    probability as score, values lie in -1..1 or little beyond.

    Pairs are ranked by |correlation| times the largest of |S_i|, |S_j|, |S_ij|; one below 0.02, or below two standard errors, is not
    listed. Groups grow from the best pairs by the superpixel that adds most to the sum of S_i less S_group.
    Cost: 1 + K forward passes, K the number of superpixels, and for each target up to 120 for its pairs and up to 117 where groups grow;
    more with `contexts` and `block_counts`.
    """

    segmentation: Segmentation = "slic"
    n_segments: int = 40
    baseline: Baseline = 0.0
    """What ablated superpixels are replaced with."""
    score: Score = "probability"
    top: int = 16
    """Pairs are formed among so many superpixels: those of the largest |S_i|."""
    contexts: int = 0
    """Average over so many random contexts, in which each other superpixel is kept with probability 0.9, instead of the whole
    image: finds redundancy among three and more, and gives standard errors."""
    block_counts: tuple[int, ...] = ()
    """Also find the largest correlation with so many superpixels each, by SLIC, for example (9, 16, 25, 36, 49, 64, 100)."""
    seed: int = 0

    @property
    def signed(self) -> bool:
        return True

    def explain(self, batch: Batch) -> Correlations:
        if self.top < 2 or self.contexts < 0:
            raise ValueError(f"top must be 2 or more and contexts 0 or more, got {self.top} and {self.contexts}")
        segments = segment(batch, self.segmentation, self.n_segments)
        most = max(count(one) for one in segments)
        n, t = batch.targets.classes.shape
        sensitivities = torch.zeros(n, t, most, device=segments.device)
        errors = torch.zeros_like(sensitivities) if self.contexts else None
        related = []
        for row in range(n):
            study = _Study(self, batch, row, segments[row])
            sensitivities[row, :, : study.k] = study.alone
            if errors is not None:
                errors[row, :, : study.k] = study.alone_error
            curves = self._curves(batch, row)
            related += [study.related(target, curves[target]) for target in range(t)]
        clean = batch.clean(self.score)
        flags = self._flags(segments, sensitivities, clean)
        shaped = batch.targets.shaped
        return Correlations(
            score=self.score,
            scores=shaped(clean.nan_to_num(0, 0, 0)),
            segments=segments,
            sensitivities=shaped(sensitivities.nan_to_num(0, 0, 0)),
            errors=None if errors is None else shaped(errors.nan_to_num(0, 0, 0)),
            related=related,
            **about(batch, self, flags),
        )

    def _curves(self, batch: Batch, row: int) -> list[tuple[tuple[int, float], ...]]:
        """For each target the number of superpixels and the largest correlation among them, for each of `block_counts`."""
        curves: list[list[tuple[int, float]]] = [[] for _ in range(batch.targets.classes.shape[1])]
        one = Batch(batch.network, batch.images[row : row + 1], batch.targets, batch.output, batch.first + row)
        for blocks in self.block_counts:
            study = _Study(self, batch, row, segment(one, "slic", blocks)[0])
            for target, curve in enumerate(curves):
                curve.append((study.k, study.largest(target)))
        return [tuple(curve) for curve in curves]

    def _flags(self, segments: Tensor, sensitivities: Tensor, clean: Tensor) -> Tensor:
        flags = torch.zeros(clean.shape, dtype=torch.int64, device=clean.device)
        sound = sensitivities.isfinite().all(2) & clean.isfinite()
        flags |= torch.where(sound, 0, int(Flag.NOT_FINITE))
        flags |= torch.where(sensitivities.nan_to_num(0, 0, 0).any(2), 0, int(Flag.ALL_ZERO))
        flags |= torch.where(segments.flatten(1).amax(1) > 0, 0, int(Flag.ONE_SEGMENT))[:, None]
        if self.score == "probability":
            flags |= torch.where((sensitivities.abs() < 0.01).all(2) & (clean > 0.99), int(Flag.SATURATED), 0)
        return flags.to(torch.uint8)


class _Study:
    """The superpixels of one image under one segmentation."""

    def __init__(self, method: AblationCA, batch: Batch, row: int, segments: Tensor) -> None:
        self.k = count(segments)
        self._method = method
        self._known: dict[bytes, Tensor] = {}
        self._scored = partial(scores_of_kept, batch, row, segments, baseline=method.baseline, score=method.score)
        self._contexts = _contexts(self.k, method.contexts, method.seed)
        absent = torch.eye(self.k, dtype=torch.bool)[:, None]  # [K, 1, K]
        gained = self._ask(self._contexts | absent) - self._ask(self._contexts & ~absent)
        self.alone, self.alone_error = _mean(gained)  # [T, K]

        top = min(method.top, self.k)
        order = self.alone.abs().nan_to_num(0).topk(top, 1).indices
        self._pairs = [_pairs(one) for one in order.cpu()]
        every = torch.tensor(sorted({tuple(pair) for some in self._pairs for pair in some.tolist()})).reshape(-1, 2)
        every = every.long()
        first, second = (_one_hot(every[:, i], self.k)[:, None] for i in (0, 1))
        here = self._contexts | first | second
        states = [self._ask(here & ~gone) for gone in (torch.zeros_like(first), first, second, first | second)]
        together, without_first, without_second, without_both = states  # [P, contexts, T] each
        self._correlation, self._error = _mean(together - without_first - without_second + without_both)
        self._joint, _ = _mean(together - without_both)
        self._index = {tuple(pair): i for i, pair in enumerate(every.tolist())}

    def largest(self, target: int) -> float:
        """The largest correlation of a pair; 0 when there is none."""
        mine = self._mine(target)
        return float(self._correlation[target, mine].nan_to_num(0, 0, 0).max()) if mine else 0.0

    def related(self, target: int, curve: tuple[tuple[int, float], ...]) -> Related:
        """The pairs and groups that matter to a target."""
        mine = self._mine(target)
        pairs = self._pairs[target]
        rho, error, joint = (
            values[target, mine].nan_to_num(0, 0, 0) for values in (self._correlation, self._error, self._joint)
        )
        alone = self.alone[target].nan_to_num(0, 0, 0)
        pairs = pairs.to(alone.device)
        weight = torch.stack([alone[pairs[:, 0]].abs(), alone[pairs[:, 1]].abs(), joint.abs()]).amax(0)
        listed = rho.abs() >= (2 * error).clamp(min=_LEAST_CORRELATION)
        order = (rho.abs() * weight).argsort(descending=True)
        order = order[listed[order]]
        return Related(
            pairs=pairs[order],
            correlations=rho[order],
            errors=error[order] if self._method.contexts else None,
            joint=joint[order],
            groups=self._groups(target, pairs[order], rho[order]),
            block_counts=curve,
        )

    def _mine(self, target: int) -> list[int]:
        return [self._index[tuple(pair)] for pair in self._pairs[target].tolist()]

    def _groups(self, target: int, pairs: Tensor, rho: Tensor) -> tuple[tuple[tuple[int, ...], float], ...]:
        """Groups of three and more superpixels that are needed together."""
        candidates = sorted(set(self._pairs[target].flatten().tolist()))
        alone = self.alone[target].nan_to_num(0, 0, 0)
        groups: list[tuple[tuple[int, ...], float]] = []
        for pair, start in zip(pairs.tolist(), rho.tolist(), strict=True):
            taken = {member for members, _ in groups for member in members}
            if start < _LEAST_GAIN or taken & set(pair) or len(groups) == _MOST_GROUPS:
                continue
            members, value = pair, start
            while len(members) < _MOST_MEMBERS:
                others = [one for one in candidates if one not in members]
                if not others:
                    break
                gone = torch.stack([_one_hot(torch.tensor([*members, one]), self.k).any(0) for one in others])[:, None]
                lost, _ = _mean(self._ask(self._contexts | gone) - self._ask(self._contexts & ~gone))
                values = alone[[*members]].sum() + alone[others] - lost[target].nan_to_num(0, 0, 0)
                best = int(values.argmax())
                if float(values[best]) - value < _LEAST_GAIN:
                    break
                members, value = [*members, others[best]], float(values[best])
            if len(members) > 2:
                groups.append((tuple(members), value))
        return tuple(groups)

    def _ask(self, kept: Tensor) -> Tensor:
        """Scores [*, T] of the kept superpixels [*, K]; the model runs for those that it has not been asked about yet."""
        rows = kept.reshape(-1, self.k)
        names = [row.tobytes() for row in rows.numpy()]
        new = {name: i for i, name in enumerate(names) if name not in self._known}
        if new:
            found = self._scored(rows[list(new.values())])
            self._known.update(zip(new, found, strict=True))
        if not names:  # one superpixel has no pairs
            return next(iter(self._known.values())).new_zeros(*kept.shape[:-1], len(self.alone))
        return torch.stack([self._known[name] for name in names]).reshape(*kept.shape[:-1], -1)


def _contexts(k: int, n: int, seed: int) -> Tensor:
    """What else is kept, bool [max(n, 1), K]: everything, or random parts."""
    if not n:
        return torch.ones(1, k, dtype=torch.bool)
    return torch.rand(n, k, device="cpu", generator=torch.Generator().manual_seed(seed)) < 0.9


def _mean(values: Tensor) -> tuple[Tensor, Tensor]:
    """The mean over contexts of values [*, contexts, T], as [T, *], and its standard error."""
    n = values.shape[1]
    error = values.std(1) / n**0.5 if n > 1 else torch.zeros_like(values[:, 0])
    return values.mean(1).transpose(0, 1), error.transpose(0, 1)


def _pairs(members: Tensor) -> Tensor:
    """All pairs [P, 2] of some superpixels, the smaller number first."""
    return torch.combinations(members.sort().values, 2)


def _one_hot(members: Tensor, k: int) -> Tensor:
    return torch.nn.functional.one_hot(members, k).bool()
