"""The filter loss adds what it should, when it should, and knows which filter belongs to which class."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import FilterFigures, FilterLoss, make_interpretable
from tb_explain.methods.interpretable.objectives import mutual_information, pull_and_push


def network(filters: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(filters * 16, 3)
    )
    return make_interpretable(model, "1")


IMAGES = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(1))
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


def test_nothing_in_the_first_epoch_then_lambda_and_less_with_decay() -> None:
    for decay, expected in ((False, [0, 0, 0.5, 0.5, 0.5, 0.5, 0.5]), (True, [0, 0, 0.5, 0.5, 0.25, 0.25, 0.5 / 3])):
        model = network()
        loss = FilterLoss(model, classes=3, steps_per_epoch=2, epochs=4, weight=0.5, decay=decay)
        strengths, values = [], []
        for _ in expected:
            strengths.append(loss.strength)
            model(IMAGES)
            values.append(loss(LABELS).item())
        assert strengths == expected
        assert values[:2] == [0, 0] and values[2] != 0


def test_the_loss_is_lambda_times_the_objective_of_the_rectified_maps_by_their_moving_peak() -> None:
    model = network()
    loss = FilterLoss(model, classes=3, steps_per_epoch=1, epochs=4, weight=0.3)
    x = model[0](IMAGES).relu()
    for factor in (1.0, 2.0):
        with torch.no_grad():
            model[0].weight *= factor
            model[0].bias *= factor
        model(IMAGES)
        value = loss(LABELS)
    peak = x.amax((2, 3)).mean(0)
    scale = peak.lerp(2 * peak, 0.1)[:, None, None]
    sums = torch.stack([x[c == LABELS].sum((0, 2, 3)) for c in range(3)])
    own = LABELS[:, None] == sums.argmax(0)
    torch.testing.assert_close(value, 0.3 * pull_and_push(2 * x / scale, own))
    assert value.requires_grad and value.dtype == torch.float32


def test_filters_belong_to_the_class_that_excites_them_until_the_middle_of_the_training() -> None:
    """Filter f answers to colour f, which is the class."""
    model = network(3)
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.zero_()
        for f in range(3):
            model[0].weight[f, f, 1, 1] = 1
    images = torch.zeros(3, 3, 8, 8)
    for c in range(3):
        images[c, c, 2:4, 2:4] = 1
    loss = FilterLoss(model, classes=3, steps_per_epoch=1, epochs=400)
    filters = loss.layers[0]
    model(images[:1]), loss(torch.tensor([0]))
    assert filters.excitement[1:].isnan().all(), "not seen yet"
    model(images), loss(torch.tensor([0, 1, 2]))
    assert filters.owner.tolist() == [0, 1, 2]
    loss.figures()
    swapped = torch.tensor([1, 0, 2])
    steps = 0
    while filters.owner.tolist() == [0, 1, 2]:
        model(images), loss(swapped)
        steps += 1
    assert filters.owner.tolist() == [1, 0, 2] and 20 < steps < 60, "a moving average of 0.98"
    assert loss.figures()[0].flipped == pytest.approx(2 / 3)
    model(images), loss(swapped)
    assert loss.figures()[0].flipped == 0, "another epoch"
    while loss.steps < 400:
        model(images), loss(torch.tensor([0, 1, 2]) if loss.steps >= 200 else swapped)
    assert filters.owner.tolist() == [1, 0, 2], "kept from the middle on"


def test_one_positive_class_several_labels_an_image_and_no_labels() -> None:
    values = []
    many = nn.functional.one_hot(LABELS, 3).float()
    for how, labels in (
        ({"positive": 1}, LABELS),
        ({"positive": 1}, many),
        ({"positive": 0}, LABELS == 0),
        ({"positive": 1}, LABELS == 1),
        ({"classes": 3}, LABELS),
        ({"classes": 3}, many),
    ):
        model = network()
        loss = FilterLoss(model, steps_per_epoch=1, epochs=2, **how)  # type: ignore[arg-type]
        for _ in range(2):
            model(IMAGES)
            value = loss(labels.long() if labels.dtype == torch.bool else labels)
        values.append(value.item())
    assert values[0] == values[1] == values[3] != values[2] and values[4] == values[5]
    model = network()
    loss = FilterLoss(model, steps_per_epoch=1, epochs=2, variant="mutual information")
    for _ in range(2):
        model(IMAGES)
        value = loss()
    with torch.no_grad():
        x = model[0](IMAGES).relu()
        x = x / x.amax((2, 3)).mean(0)[:, None, None]
    torch.testing.assert_close(value, -0.03 * mutual_information(x, 0.2).mean())


@pytest.mark.parametrize("variant", ["pull and push", "mutual information", "single template"])
def test_in_half_precision_the_loss_is_computed_in_single(variant: str) -> None:
    model = network()
    loss = FilterLoss(model, classes=3, steps_per_epoch=1, epochs=3, variant=variant)  # type: ignore[arg-type]
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16):
            model(IMAGES)
            value = loss(LABELS)
    assert value.dtype == torch.float32
    value.backward()
    twin = network()
    exact = FilterLoss(twin, classes=3, steps_per_epoch=1, epochs=3, variant=variant)  # type: ignore[arg-type]
    for _ in range(2):
        twin(IMAGES)
        truth = exact(LABELS)
    torch.testing.assert_close(value, truth, rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("variant", ["pull and push", "mutual information", "single template"])
def test_batches_of_one_and_of_one_class_and_dead_filters_give_numbers(variant: str) -> None:
    model = network()
    with torch.no_grad():
        model[0].weight[2] = 0
        model[0].bias[2] = -1
    loss = FilterLoss(model, classes=3, steps_per_epoch=1, epochs=20, variant=variant)  # type: ignore[arg-type]
    for rows in ([0], [1], [0, 3], [0, 1, 2]):
        model.zero_grad()
        model(IMAGES[rows])
        value = loss(LABELS[rows])
        (value + 0 * model[0].weight.sum()).backward()
        assert value.isfinite() and model[0].weight.grad.isfinite().all()
    figures = loss.figures()[0]
    assert figures.dead == 1 and math.isfinite(figures.concentration)


def test_figures_are_those_of_the_maps() -> None:
    model = network()
    loss = FilterLoss(model, classes=3, steps_per_epoch=2, epochs=3, weight=1.0)
    values = []
    for _ in range(3):
        model(IMAGES)
        values.append(loss(LABELS).item())
    (found,) = loss.figures()
    x = model[0](IMAGES).relu().detach()
    inside = []
    for one in x.flatten(0, 1):
        peak = int(one.argmax())
        near = sum(
            one[y, c] for y in range(8) for c in range(8) if abs(y - peak // 8) + abs(c - peak % 8) < 2
        )  # n / 4 = 2
        if one.sum() > 0:
            inside.append(float(near / one.sum()))
    assert found.layer == "1" and found.loss == pytest.approx(sum(values) / 3)
    assert found.concentration == pytest.approx(sum(inside) / len(inside), rel=1e-5)
    assert found.active == pytest.approx(float((x > 0).float().mean()), rel=1e-6)
    assert found.dead == 0 and found.flipped == 0
    scaled = x / x.amax((2, 3)).mean(0)[:, None, None]
    assert found.information == pytest.approx(float(mutual_information(scaled, 0.2).mean()), rel=1e-4)
    assert found.scalars("icnn") == {f"icnn/1/{name}": getattr(found, name) for name in list(vars(found))[1:]}
    assert isinstance(found, FilterFigures)
    with pytest.raises(RuntimeError, match="no batch since the figures were last asked for"):
        loss.figures()


def test_an_interrupted_training_goes_on_as_it_was() -> None:
    def run(model: nn.Module, loss: FilterLoss, steps: int) -> None:
        for _ in range(steps):
            model(IMAGES)
            value = loss(LABELS)
            if value.requires_grad:
                model.zero_grad()
                value.backward()
                with torch.no_grad():
                    for parameter in model.parameters():
                        parameter -= 0 if parameter.grad is None else parameter.grad

    def made(model: nn.Module) -> FilterLoss:
        return FilterLoss(model, classes=3, steps_per_epoch=2, epochs=4)

    model = network()
    loss = made(model)
    run(model, loss, 5)
    again = network()
    again.load_state_dict(model.state_dict())
    other = made(again)
    other.load_state_dict(loss.state_dict())
    assert other.steps == 5
    twin, its = copy.deepcopy((model, loss))
    run(model, loss, 5), run(again, other, 5), run(twin, its, 5)
    for name, value in loss.state_dict().items():
        if isinstance(value, Tensor):
            assert torch.equal(value, other.state_dict()[name]) and torch.equal(value, its.state_dict()[name]), name
    assert torch.equal(model[0].weight, again[0].weight) and torch.equal(model[0].weight, twin[0].weight)
    with pytest.raises(RuntimeError, match="size mismatch"):
        FilterLoss(again, classes=5, steps_per_epoch=2, epochs=4).load_state_dict(loss.state_dict())


def test_it_has_no_parameters_and_no_graph_is_kept_after_it() -> None:
    model = network()
    loss = FilterLoss(model, classes=3, steps_per_epoch=1, epochs=4)
    assert not list(loss.parameters()) and not any("conv" in name or "0.weight" in name for name in loss.state_dict())
    model(IMAGES)
    loss(LABELS)
    last = loss.layers[0]._last
    assert last is not None and not last.requires_grad


def test_two_layers_are_added_up() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    make_interpretable(model, ["1", "3"])
    both = FilterLoss(model, classes=3, steps_per_epoch=1, epochs=4)
    for _ in range(2):
        model(IMAGES)
        value = both(LABELS)
    found = both.figures()
    assert [one.layer for one in found] == ["1", "3"]
    assert 2 * sum(one.loss for one in found) == pytest.approx(value.item(), rel=1e-5)


def test_what_does_not_fit_is_said_in_a_sentence() -> None:
    model = network()
    schedule = {"steps_per_epoch": 1, "epochs": 2}
    with pytest.raises(ValueError, match=r"has no interpretable layer; call make_interpretable\(model, layer\) first"):
        FilterLoss(nn.Sequential(nn.Conv2d(3, 4, 3)), classes=3, **schedule)
    with pytest.raises(ValueError, match="asks which class a filter belongs to: give classes"):
        FilterLoss(model, **schedule)
    with pytest.raises(ValueError, match="not both"):
        FilterLoss(model, 3, positive=1, **schedule)
    with pytest.raises(ValueError, match=r"variant must be one of 'pull and push', .*, got 'C'"):
        FilterLoss(model, 3, variant="C", **schedule)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="epochs must be 1 or more, got 0"):
        FilterLoss(model, 3, steps_per_epoch=1, epochs=0)
    with pytest.raises(ValueError, match="weight must be 0 or more, got -1"):
        FilterLoss(model, 3, weight=-1, **schedule)
    loss = FilterLoss(model, 3, **schedule)
    with pytest.raises(RuntimeError, match="kept no maps: run the model in training mode"):
        loss(LABELS)
    model.eval()(IMAGES)
    with pytest.raises(RuntimeError, match="kept no maps"):
        loss(LABELS)
    model.train()
    for wrong in (LABELS[:3], None, torch.zeros(6, 3, 2)):
        model(IMAGES)
        with pytest.raises(ValueError, match=r"labels must be those of the 6 images .* \[6\] or \[6, K\]"):
            loss(wrong)
    model(IMAGES)
    with pytest.raises(ValueError, match=r"labels must say of 3 classes whether they apply, got \[6, 2\]"):
        loss(torch.zeros(6, 2))
