"""Maximising objectives: what was asked for, made ready, and climbed a batch at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tb_explain.methods.layers import bare
from tb_explain.methods.maximize.canvas import Frame
from tb_explain.methods.maximize.climb import Climb, Climbed
from tb_explain.methods.maximize.maximized import Maximized
from tb_explain.methods.maximize.objectives import Objective, parsed
from tb_explain.methods.maximize.partial import Partial
from tb_explain.methods.maximize.recipes import Recipe, recipe_for
from tb_explain.methods.network import Network, undisturbed


def maximize(
    model: nn.Module,
    objectives: str | Objective | Sequence[str | Objective],
    *,
    size: int | tuple[int, ...] | None = None,
    channels: int | None = None,
    recipe: str | Recipe = "paper",
    steps: int | None = None,
    seed: int = 0,
    start: Tensor | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    batch: int | None = None,
) -> Maximized:
    """Find images z* = argmax J(z) for each objective J (Erhan et al. 2009), many in one batch; the forward pass stops at the layer.

    All start from the same noise, so that they differ by their objectives alone, and none depends on what else is in the batch. The model is
    left as it was.

    Args:
        objectives: one or several, as text (`"layer4:17"`, `"layer4:17@3,5"`, `"class:281"`, see `parsed`) or as `Channel`, `Direction`,
            `ClassScore` and their sums.
        size: of the images, (H, W) or (D, H, W), or one number for all axes; None: that of `start`, or 224 x 224.
        channels: of the images; None: as many as the first convolution takes.
        recipe: "paper" (`Plain`), "soft" (smaller steps) or "natural" (`Natural`), or one of these with its own parameters.
        steps: None: as many as the recipe says.
        start: images [C, *S] or [M, C, *S] to start from, as the model takes them, such as `class_means`; None: noise.
        mean, std: C numbers each: the normalisation before the model, by which pixels 0..1 are told; None: it takes pixels.
        batch: objectives at once; None: 16 on a CPU, 64 elsewhere, fewer when memory runs out.

    Raises ValueError for objectives that the model does not have, and for what it cannot take.
    """
    model = bare(model)
    given = [objectives] if isinstance(objectives, (str, Objective)) else list(objectives)
    if not given:
        raise ValueError("no objective given; give at least one, such as 'layer4:17'")
    if batch is not None and batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch}")
    wanted = [_objective(one).bound(model) for one in given]
    recipes = [recipe_for(recipe, one.of_class()) for one in wanted]
    if steps is not None:
        recipes = [dataclasses.replace(one, steps=steps) for one in recipes]
    with undisturbed(model) as network, torch.autocast(network.device.type, enabled=False):
        frame = _frame(network, size, channels, mean, std, start)
        starts = None if start is None else _starts(start, len(wanted), frame)
        found: dict[int, Climbed] = {}
        total = sum(one.steps for one in recipes)
        # The bar shows only for work long enough to wait for, and only on a terminal.
        with tqdm(total=total, desc="maximising", unit="step", leave=False, delay=2, disable=None) as bar:
            for rows in _alike(wanted, recipes):
                part = Partial(
                    network, [wanted[row] for row in rows], frame.noise(1, frame.channels, *frame.size, seed=seed)
                )
                room = batch or (16 if network.device.type == "cpu" else 64)
                while rows:
                    now = rows[:room]
                    before = bar.n
                    try:
                        climb = Climb(part, [wanted[row] for row in now], recipes[now[0]], frame, seed, bar)
                        found |= zip(now, climb.run(None if starts is None else starts[now]), strict=True)
                    except torch.OutOfMemoryError:
                        if len(now) == 1:
                            raise
                        room = len(now) // 2
                        bar.update(before - bar.n)
                    else:
                        rows = rows[room:]
        climbed = [found[row] for row in range(len(wanted))]
        longest = max(len(one.scores) for one in climbed)
        return Maximized(
            objectives=tuple(wanted),
            images=torch.stack([one.image for one in climbed]),
            scores=torch.stack(
                [torch.cat([s, s.max().expand(longest - len(s))]) for s in (one.scores for one in climbed)]
            ),
            steps=torch.tensor([one.steps for one in climbed]),
            flags=torch.tensor([int(one.flag) for one in climbed], dtype=torch.uint8),
            recipes=tuple(recipes),
            seed=seed,
            mean=tuple(frame.mean.flatten().tolist()),
            std=tuple(frame.std.flatten().tolist()),
        )


def _objective(given: str | Objective) -> Objective:
    if isinstance(given, Objective):
        return given
    if isinstance(given, str):
        return parsed(given)
    raise TypeError(
        f"an objective is a text such as 'layer4:17', or Channel, Direction, ClassScore; got {type(given).__name__}"
    )


def _alike(objectives: Sequence[Objective], recipes: Sequence[Recipe]) -> list[list[int]]:
    """Which may share a pass: those of the same layers, so that none goes further than it needs to, and of one recipe."""
    groups: dict[object, list[int]] = {}
    for row, (objective, recipe) in enumerate(zip(objectives, recipes, strict=True)):
        groups.setdefault((objective.layers(), objective.of_class(), recipe), []).append(row)
    return list(groups.values())


def _frame(
    network: Network,
    size: int | tuple[int, ...] | None,
    channels: int | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    start: Tensor | None,
) -> Frame:
    first = next((m for m in network.module.modules() if isinstance(m, (nn.Conv2d, nn.Conv3d))), None)
    axes = 3 if isinstance(first, nn.Conv3d) else 2
    if start is not None:
        if not start.is_floating_point() or start.ndim not in (axes + 1, axes + 2):
            raise ValueError(f"start must be float images [C, *S] or [M, C, *S], got {start.dtype} {list(start.shape)}")
        size = size or tuple(start.shape[-axes:])
        channels = channels or start.shape[-axes - 1]
    if channels is None:
        if first is None:
            raise ValueError(
                f"{type(network.module).__name__} has no convolution to tell the images' channels by; give channels"
            )
        channels = first.in_channels
    if size is None:
        if axes == 3:
            raise ValueError("the network takes voxels; give their size=(D, H, W)")
        size = 224
    size = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(size) not in (2, 3) or min(size) < 1 or channels < 1:
        raise ValueError(
            f"size must be (H, W) or (D, H, W) of at least one channel, got {size} and {channels} channels"
        )
    dtype = torch.float64 if network.dtype == torch.float64 else torch.float32
    scale = {}
    for name, values, default in (("mean", mean, 0.0), ("std", std, 1.0)):
        one = torch.tensor([default] * channels if values is None else list(values), dtype=dtype, device=network.device)
        if one.shape != (channels,) or (name == "std" and not (one > 0).all()):
            raise ValueError(f"{name} must be {channels} numbers{' above 0' if name == 'std' else ''}, got {values}")
        scale[name] = one.reshape(-1, *(1,) * len(size))
    return Frame(channels, size, scale["mean"], scale["std"])


def _starts(start: Tensor, n: int, frame: Frame) -> Tensor:
    expected = (frame.channels, *frame.size)
    images = start.detach().to(frame.mean)
    if images.ndim == len(expected):
        images = images.expand(n, *expected) if images.shape == expected else images[None]
    if images.shape != (n, *expected):
        raise ValueError(f"start must be images {list(expected)}, one or {n}; got {list(start.shape)}")
    return images
