"""Which runs, series, steps and samples of a logdir are taken along."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tb_explain.upkeep.prune import KeepSteps, matches

_SPAN = re.compile(r"(-?\d{1,18})(?:\.\.(-?\d{1,18}))?")

Value = TypeVar("Value")


@dataclass(frozen=True)
class StepChoice:
    """Steps of a series: those that rules of `prune` keep, and those that are named. Without either: all."""

    rules: KeepSteps | None = None
    spans: tuple[tuple[int, int], ...] = ()  # first and last
    text: str = ""  # of which it was made

    @classmethod
    def parse(cls, text: str) -> StepChoice:
        """Of such as `last:1`, `spread:5`, `0,100,200`, `1000..2000` or `every:100,42`. Raises ValueError."""
        rules, spans = [], []
        for part in (part.strip() for part in text.split(",")):
            if match := _SPAN.fullmatch(part):
                spans.append((int(match[1]), int(match[2] or match[1])))
            else:
                rules.append(part)
        try:
            return cls(KeepSteps.parse(",".join(rules)) if rules else None, tuple(spans), text)
        except ValueError:
            raise ValueError(
                f"--steps {text} names no steps; expected last:N, every:N, spread:N, a step, FIRST..LAST, "
                "or several with commas between"
            ) from None

    def of(self, steps: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Of these steps, ascending, each once: whether it is chosen."""
        if self.rules is None and not self.spans:
            return np.ones(len(steps), bool)
        chosen = self.rules.of(steps) if self.rules and len(steps) else np.zeros(len(steps), bool)
        for first, last in self.spans:
            chosen |= (first <= steps) & (steps <= last)
        return chosen


@dataclass(frozen=True)
class Choice:
    """What is taken along: of runs and tags what any of the patterns names (none: all); of samples as many a step."""

    runs: Sequence[str] = ()
    tags: Sequence[str] = ()
    steps: StepChoice = field(default_factory=StepChoice)
    samples: int | None = None

    def of_runs(self, runs: Mapping[str, Value]) -> dict[str, Value]:
        """Those chosen by name. Raises ValueError for a pattern that names none."""
        for pattern in self.runs:
            if not any(matches(name, [pattern]) for name in runs):
                there = ", ".join(list(runs)[:10]) + (", …" if len(runs) > 10 else "")
                raise ValueError(f"no run is named {pattern}; there are {there}" if runs else "there are no runs")
        return {name: value for name, value in runs.items() if matches(name, self.runs)}

    def in_words(self, chosen: int, runs: int) -> str:
        """What is left out, in a sentence, when so many of the runs are chosen; empty: nothing."""
        parts = [f"{chosen} of {runs} runs"] if chosen < runs else []
        if self.tags:
            parts.append(f"series {', '.join(self.tags)}")
        if self.steps.text:
            parts.append(f"steps {self.steps.text}")
        if self.samples is not None:
            parts.append(f"{self.samples} sample{'s' if self.samples > 1 else ''} of each step")
        return f"This report has a part of what was logged: {'; '.join(parts)}." if parts else ""

    def has_tag(self, tag: str) -> bool:
        """Whether a series of this tag is taken along."""
        return matches(tag, self.tags)

    def of_steps(self, steps: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Of the records of a series at these steps, ascending: whether each is taken along."""
        each, which = np.unique(steps, return_inverse=True)
        chosen: NDArray[np.bool_] = self.steps.of(each)[which]
        return chosen
