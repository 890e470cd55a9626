"""What a filter loss minimises is what its formula says, and so is its gradient."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tb_explain.methods.interpretable import objectives
from tb_explain.methods.interpretable.objectives import (
    all_templates,
    mutual_information,
    pull_and_push,
    single_template,
)
from tb_explain.methods.interpretable.templates import centres

GENERATOR = torch.Generator().manual_seed(0)


def maps(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=GENERATOR, dtype=torch.float64)


def information_as_defined(x: Tensor, gain: float) -> Tensor:
    """MI of one filter's maps [N, *s], by the definition alone."""
    bank = all_templates(tuple(x.shape[1:])).to(x)
    joint = torch.stack([torch.softmax(torch.stack([gain * (one.flatten() * t).sum() for one in x]), 0) for t in bank])
    joint = joint / len(bank)  # p(T) p(x|T)
    independent = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return (joint * (joint / independent).log()).sum()


@pytest.mark.parametrize("shape", [(5, 3, 4, 4), (4, 2, 3, 5), (3, 2, 2, 3, 2), (2, 1, 1, 1), (1, 2, 3, 3)])
@pytest.mark.parametrize("gain", [0.2, 3.0])
def test_mutual_information_and_its_gradient(shape: tuple[int, ...], gain: float) -> None:
    x = maps(*shape).requires_grad_()
    above = maps(shape[1])
    found = mutual_information(x, gain)
    (gradient,) = torch.autograd.grad(found, x, above)
    twin = x.detach().clone().requires_grad_()
    truth = torch.stack([information_as_defined(twin[:, f], gain) for f in range(shape[1])])
    (expected,) = torch.autograd.grad(truth, twin, above)
    torch.testing.assert_close(found, truth, rtol=0, atol=1e-12)
    assert (gradient - expected).abs().max() <= 1e-10
    direction = torch.randn(x.shape, generator=GENERATOR, dtype=torch.float64)
    direction /= direction.norm()
    step = 1e-3
    with torch.no_grad():
        at = {k: (mutual_information(x + k * step * direction, gain) * above).sum() for k in (-2, -1, 1, 2)}
    slope = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)
    assert abs(slope - (gradient * direction).sum()) <= 1e-10
    assert (found >= -1e-12).all() and (found <= math.log(shape[0]) + 1e-12).all()


def test_filters_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, own = maps(6, 5, 4, 4).requires_grad_(), maps(6, 5) > 0.5
    whole = [mutual_information(x, 1.0).sum(), single_template(x, own, 1.0)]
    whole += [torch.autograd.grad(value, x)[0] for value in whole]
    monkeypatch.setattr(objectives, "_SCORES", 6 * 17 * 2)
    parts = [mutual_information(x, 1.0).sum(), single_template(x, own, 1.0)]
    parts += [torch.autograd.grad(value, x)[0] for value in parts]
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other)


def test_the_single_template_gradient_is_the_papers() -> None:
    """−T̂ q log(q/p), one image and filter at a time."""
    x, gain = maps(4, 3, 3, 4).requires_grad_(), 0.7
    own = torch.tensor([[1, 0, 1], [0, 0, 1], [1, 1, 0], [1, 0, 0]]).bool()
    (found,) = torch.autograd.grad(single_template(x, own, gain), x)
    bank = all_templates((3, 4)).double()
    assert bank.shape == (13, 12) and (bank[12] == -1).all() and (bank.diagonal() == 1).all()
    for f in range(3):
        inner = gain * x[:, f].detach().flatten(1) @ bank.T
        q = inner.exp() / inner.exp().sum(0)
        p = q.mean(1)
        for b in range(4):
            which = int(centres(x)[b, f]) if own[b, f] else 12
            expected = -gain * bank[which] * q[b, which] * (q[b, which] / p[b]).log() / 3  # N / (N C)
            torch.testing.assert_close(found[b, f].flatten(), expected)


def test_pull_and_push_pulls_own_images_to_their_template_and_pushes_others_down() -> None:
    x = maps(5, 2, 4, 4).requires_grad_()
    own = torch.tensor([[1, 0], [1, 0], [1, 1], [0, 1], [0, 0]]).bool()
    (found,) = torch.autograd.grad(pull_and_push(x, own), x)
    flat, bank = x.detach().flatten(2), all_templates((4, 4)).double()
    for f in range(2):
        template = bank[centres(x)[:, f]]
        for side, score in ((own[:, f], (flat[:, f] * template).mean(1)), (~own[:, f], -flat[:, f].mean(1))):
            s = score[side] / 0.5
            level = s.exp().mean().log()
            weight = ((s - level).exp() * (s - level + 1)).clamp(min=0)
            weight = weight / weight.mean()
            sign = -template[side] if side.equal(own[:, f]) else torch.ones(1, dtype=torch.float64)
            torch.testing.assert_close(found[side, f].flatten(1), (weight[:, None] * sign / 10).expand(-1, 16))


@pytest.mark.parametrize(("rows", "pulls", "pushes"), [([0], 1, 0), ([3], 0, 1), ([0, 1], 2, 0), ([3, 4], 0, 2)])
def test_without_own_or_without_other_images_that_term_is_left_out(rows: list[int], pulls: int, pushes: int) -> None:
    x = maps(5, 2, 4, 4)[rows].requires_grad_()
    own = torch.tensor([True, True, True, False, False])[rows, None].expand(-1, 2)
    (found,) = torch.autograd.grad(pull_and_push(x, own), x)
    assert found.isfinite().all()
    assert int((found.flatten(1).amin(1) < 0).sum()) == pulls
    assert int((found.flatten(1) > 0).all(1).sum()) == pushes
