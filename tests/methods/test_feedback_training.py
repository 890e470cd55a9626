"""A decoder learns to reconstruct, and a fit that was interrupted ends as if it had not been."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain.methods.feedback import FeedbackNetwork


def classifier(width: int = 8) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="module")
def digits() -> TensorDataset:
    images, labels = load_digits(return_X_y=True)
    return TensorDataset(torch.from_numpy(images).float().div(16).reshape(-1, 1, 8, 8), torch.from_numpy(labels))


@pytest.fixture(scope="module")
def trained(digits: TensorDataset) -> nn.Sequential:
    model = classifier()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(5):
        for images, labels in DataLoader(digits, 32, generator=torch.Generator().manual_seed(0), shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
    return model


def some(digits: TensorDataset, n: int = 64, batch: int = 16, **options: Any) -> DataLoader[Any]:
    return DataLoader(TensorDataset(digits.tensors[0][:n], digits.tensors[1][:n]), batch, **options)


def same(one: FeedbackNetwork, other: FeedbackNetwork) -> bool:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def mean_squared(values: Tensor) -> float:
    return values.square().mean().item()


@pytest.mark.parametrize("skips", [False, True])
def test_reconstructions_become_better_than_the_mean_image(
    skips: bool, trained: nn.Sequential, digits: TensorDataset
) -> None:
    images = digits.tensors[0]
    train, test = images[:1500], images[1500:]
    state = copy.deepcopy(trained.state_dict())
    gradients = [p.grad.clone() for p in trained.parameters()]
    torch.manual_seed(3)
    random_state = torch.get_rng_state()
    feedback = FeedbackNetwork(trained, skips=skips)
    history = feedback.fit(DataLoader(TensorDataset(train), 32, shuffle=True), epochs=12, learning_rate=1e-2).history
    assert history.losses[-1] < 0.6 * history.losses[0], history.losses
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, state[name]) for name, value in trained.state_dict().items())
    assert all(p.requires_grad and torch.equal(p.grad, g) for p, g in zip(trained.parameters(), gradients, strict=True))
    mean = mean_squared(test - train.mean(0))
    forward = feedback.codes(test).forward
    errors = {name: mean_squared(feedback.decode(name, forward[name]) - test) for name in feedback.layers}
    errors["class"] = mean_squared(feedback.reconstruct(test) - test)
    shares = {name: error / mean for name, error in errors.items()}
    assert shares["1"] < 0.2 and shares["3"] < 0.2, shares
    assert shares["6"] < 0.4, shares
    assert shares["class"] < 0.65, shares
    if skips:
        assert mean_squared(feedback.reconstruct(test, "6") - test) < errors["6"]


class Shifted(nn.Module):
    """A module with a number added to what it gives; a negative one, to what it gets."""

    def __init__(self, module: nn.Module, by: float) -> None:
        super().__init__()
        self.module = module
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x) + self.by if self.by > 0 else self.module(x + self.by)


def losses(model: nn.Module, images: Tensor) -> list[float]:
    feedback = FeedbackNetwork(model).fit(DataLoader(TensorDataset(images), 32), epochs=2)
    assert feedback.history is not None
    return feedback.history.losses


def test_what_is_not_learned_is_the_mean_grey(trained: nn.Sequential, digits: TensorDataset) -> None:
    images = digits.tensors[0][:512]
    feedback = FeedbackNetwork(trained, images=images)
    for layer in (*feedback.layers, None):
        away = mean_squared(feedback.reconstruct(images, layer) - images.mean())
        assert away < 0.02 * mean_squared(images - images.mean()), layer


def test_codes_of_any_size_train_alike(trained: nn.Sequential, digits: TensorDataset) -> None:
    """A rectified layer may say the same in numbers a thousand times smaller, which those behind it make up for."""
    images = digits.tensors[0][:512]
    small = copy.deepcopy(trained)
    with torch.no_grad():
        small[0].weight *= 1e-3
        small[0].bias *= 1e-3
        small[2].weight *= 1e3
    torch.testing.assert_close(small(images), trained(images))
    assert losses(small, images) == pytest.approx(losses(trained, images), rel=1e-3)


def test_codes_around_any_value_train_no_worse(trained: nn.Sequential, digits: TensorDataset) -> None:
    """A layer without a rectifier may say the same in numbers around 10, from which the next one takes them off."""
    images = digits.tensors[0][:512]
    errors = []
    for around in (0.0, 10.0):
        model = nn.Sequential(Shifted(trained[0], around), Shifted(trained[1:], -around))
        feedback = FeedbackNetwork(model, ["0"]).fit(DataLoader(TensorDataset(images), 32), epochs=2)
        errors.append(mean_squared(feedback.reconstruct(images, "0") - images))
    assert errors[1] < 1.1 * errors[0], errors


def test_images_around_any_value_train_alike(digits: TensorDataset) -> None:
    """Images that are all a constant brighter, for a first layer that takes it off again."""
    model = classifier()
    model[0].padding = (0, 0)  # which would be darker now
    model[5] = nn.Linear(16 * 3 * 3, 32)
    images = digits.tensors[0][:512]
    brighter = copy.deepcopy(model)
    with torch.no_grad():
        brighter[0].bias -= 5 * brighter[0].weight.sum((1, 2, 3))
    assert losses(brighter, images + 5) == pytest.approx(losses(model, images), rel=1e-2)


@pytest.mark.parametrize("device", DEVICES)
def test_everything_is_on_the_classifiers_device(
    device: str, trained: nn.Sequential, digits: TensorDataset, tmp_path: Path
) -> None:
    images, labels = digits.tensors[0][:48], digits.tensors[1][:48]
    feedback = FeedbackNetwork(copy.deepcopy(trained).to(device), skips=True)
    loader = some(digits, 48)
    feedback.fit(loader, epochs=2, validation=loader, patience=1, checkpoint=tmp_path / "feedback.pt")
    codes = feedback.codes(images)
    errors = feedback.errors(images, loader)
    (field,) = feedback.respond(images, "3", [(1, 2)])
    tensors = [
        *feedback.parameters(),
        *codes.forward.values(),
        *codes.feedback.values(),
        codes.probabilities,
        errors.sums,
    ]
    tensors += [
        field.input,
        field.isolated,
        feedback.reconstruct(images),
        feedback.decode("6", codes.forward["6"].cpu()),
    ]
    assert {tensor.device.type for tensor in tensors} == {device}
    assert errors.table(labels).n_correct + errors.table(labels).n_wrong == 48
    moved = FeedbackNetwork(trained, skips=True)
    moved.load_state_dict(feedback.state_dict())
    torch.testing.assert_close(moved.reconstruct(images), feedback.reconstruct(images).cpu(), rtol=1e-3, atol=1e-3)


def test_each_stage_alone(trained: nn.Sequential, digits: TensorDataset) -> None:
    """Trained layer by layer, D_2 does not see what D_1 makes of it: its weights are those of a fit with another D_1."""
    loader = some(digits, 512, 32)
    feedback = FeedbackNetwork(trained, images=digits.tensors[0][:1])
    other = FeedbackNetwork(trained, images=digits.tensors[0][:1])
    for parameter in other.stages[0].parameters():
        nn.init.normal_(parameter)
    for network in (feedback, other):
        network.fit(loader, epochs=10, learning_rate=1e-2, layerwise=True)
    assert torch.equal(feedback.stages[1].mirror[0].weight, other.stages[1].mirror[0].weight)
    assert not torch.equal(feedback.stages[0].mirror[0].weight, other.stages[0].mirror[0].weight)
    images = digits.tensors[0][:512]
    codes = feedback.codes(images)
    assert mean_squared(feedback.reconstruct(images, "1") - images) < 0.4 * mean_squared(images - images.mean(0))
    with torch.no_grad():
        before = feedback.stages[1](codes.forward["3"])
    assert mean_squared(before - codes.forward["1"]) < 0.2 * codes.forward["1"].var().item()


def test_images_of_zeros_and_ones_are_decoded_to_probabilities(trained: nn.Sequential, digits: TensorDataset) -> None:
    images = (digits.tensors[0][:256] > 0.4).float()
    feedback = FeedbackNetwork(trained, images=torch.zeros(1, 1, 8, 8))
    assert feedback.binary is None
    loss = feedback.fit(images.split(32), epochs=1).history.losses[0]
    assert feedback.binary
    assert 0.5 < loss / 6 < 1  # cross entropies of about log 2, of weights that sum to 6
    values = feedback.reconstruct(images, "1")
    assert 0 <= values.min() <= values.max() <= 1
    with pytest.raises(ValueError, match="held only 0 and 1, and now there are others"):
        feedback.fit([digits.tensors[0][:32]], epochs=1)


def loss_by_hand(feedback: FeedbackNetwork, images: Tensor, *, skips: bool) -> float:
    codes = feedback.codes(images)
    truth = [images, *codes.forward.values(), codes.probabilities]
    loss = 0.0
    for depth, (layer, weight) in enumerate(zip([*feedback.layers, None], [2, 2, 1, 1], strict=True), 1):
        path = feedback.reconstruct(images, layer) if skips else feedback.decode(layer, truth[depth])
        loss += weight * mean_squared(path - images)
        if depth > 1:
            with torch.no_grad():
                local = feedback.stages[depth - 1](truth[depth]) - truth[depth - 1]
            loss += 0.1 * mean_squared(local) / mean_squared(truth[depth - 1])
    return loss


def test_the_loss_is_the_sum_that_the_documentation_gives(trained: nn.Sequential, digits: TensorDataset) -> None:
    images = digits.tensors[0][:16]
    feedback = FeedbackNetwork(trained, images=images)
    expected = loss_by_hand(feedback, images, skips=False)
    assert feedback.fit([images], epochs=1).history.losses[0] == pytest.approx(expected, rel=1e-5)


def test_of_the_skips_some_are_withheld_and_all_on_the_class_path(
    trained: nn.Sequential, digits: TensorDataset
) -> None:
    images = digits.tensors[0][:64]
    feedback = FeedbackNetwork(trained, skips=True, images=images)
    for stage in feedback.stages[1:]:
        nn.init.constant_(stage.skip.weight, 0.3)
    without, with_all = (loss_by_hand(feedback, images, skips=skips) for skips in (False, True))
    history = feedback.fit([images], epochs=1, validation=[images]).history
    share = (history.losses[0] - without) / (with_all - without)
    assert 0.2 < share < 0.8, share
    assert history.validation[0] == pytest.approx(loss_by_hand(feedback, images, skips=True), rel=1e-5)


class Interrupted(list):  # type: ignore[type-arg]
    """Batches of which the nth is never given."""

    def __init__(self, loader: Any, after: int) -> None:
        self.loader, self.left = loader, after

    def __iter__(self) -> Iterator[Any]:
        for batch in self.loader:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield batch


@pytest.mark.parametrize("own_generator", [False, True])
def test_a_resumed_fit_ends_as_one_never_interrupted(
    own_generator: bool, trained: nn.Sequential, digits: TensorDataset, tmp_path: Path
) -> None:
    def loader() -> DataLoader[Any]:
        return some(digits, shuffle=True, generator=torch.Generator().manual_seed(5) if own_generator else None)

    options: dict[str, Any] = {"epochs": 6, "validation": some(digits, 80)}
    whole = FeedbackNetwork(trained, skips=True)
    expected = whole.fit(loader(), **options).history

    file = tmp_path / "sub" / "feedback.pt"
    first = FeedbackNetwork(trained, skips=True)
    interrupted = Interrupted(loader(), after=1 + 3 * 4 + 2)  # looked at once before; then in the fourth epoch
    interrupted.generator = interrupted.loader.generator  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        first.fit(interrupted, checkpoint=file, **options)
    assert first.reconstruct(digits.tensors[0][:4]).isfinite().all()
    assert first.history is not None and len(first.history.losses) == 3
    assert list(file.parent.iterdir()) == [file]

    torch.manual_seed(99)
    torch.rand(7)
    resumed = FeedbackNetwork(trained, skips=True)
    found = resumed.fit(loader(), checkpoint=file, **options).history
    assert found.losses == expected.losses
    assert found.validation == expected.validation
    assert same(resumed, whole)
    again = FeedbackNetwork(trained, skips=True)
    assert again.fit(loader(), checkpoint=file, **options).history.losses == expected.losses  # it was done
    assert same(again, whole)


def test_early_stop_keeps_the_best(trained: nn.Sequential, digits: TensorDataset, tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 12, "patience": 2, "validation": [1 - digits.tensors[0][:64]]}
    loader = some(digits)
    feedback = FeedbackNetwork(trained)
    file = tmp_path / "feedback.pt"
    history = feedback.fit(loader, checkpoint=file, learning_rate=5e-3, **options).history
    assert history.stopped_early
    assert len(history.losses) == history.best_epoch + 3 < 12, history.validation
    alike = FeedbackNetwork(trained, images=digits.tensors[0][:1])
    alike.load_state_dict(feedback.state_dict())
    last = alike.fit([1 - digits.tensors[0][:64]], epochs=1).history.losses[0]  # before the first step
    assert last == pytest.approx(min(history.validation), rel=1e-5)
    again = FeedbackNetwork(trained)
    assert again.fit(loader, checkpoint=file, learning_rate=5e-3, **options).history.stopped_early
    assert same(again, feedback)


def test_checkpoints_of_something_else_are_refused(
    trained: nn.Sequential, digits: TensorDataset, tmp_path: Path
) -> None:
    file, loader = tmp_path / "feedback.pt", some(digits)
    FeedbackNetwork(trained).fit(loader, epochs=1, checkpoint=file)
    retrained = copy.deepcopy(trained)
    with torch.no_grad():
        retrained[0].weight *= 1.1
    narrower = classifier(width=6)
    for feedback, epochs, message in [
        (
            FeedbackNetwork(trained, ["1", "6"]),
            1,
            r"another decoder: it has layers \['1', '3', '6'\] where this one has layers \['1', '6'\]",
        ),
        (
            FeedbackNetwork(narrower),
            1,
            r"another decoder: it has stages.0.mean \[8, 1, 1\] where this one has .*\[6, 1, 1\]",
        ),
        (
            FeedbackNetwork(trained, skips=True),
            1,
            "another decoder: it has less where this one has stages.1.skip.weight",
        ),
        (FeedbackNetwork(retrained), 1, "other weights of the classifier"),
        (FeedbackNetwork(trained), 2, "of a fit with epochs=1"),
        (FeedbackNetwork(trained, seed=1), 1, "of a fit with seed=0"),
    ]:
        with pytest.raises(ValueError, match=message):
            feedback.fit(loader, epochs=epochs, checkpoint=file)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ValueError, match="no checkpoint that can be read"):
        FeedbackNetwork(trained).fit(loader, epochs=1, checkpoint=file)
    torch.save({"other": 1}, file)
    with pytest.raises(ValueError, match="no checkpoint of a feedback network"):
        FeedbackNetwork(trained).fit(loader, epochs=1, checkpoint=file)


def test_batches_that_are_no_number_are_left_out(
    trained: nn.Sequential, digits: TensorDataset, caplog: pytest.LogCaptureFixture
) -> None:
    good = list(digits.tensors[0][:64].split(16))
    bad = good[0].clone()
    bad[3, 0, 2, 2] = torch.nan
    with_bad = FeedbackNetwork(trained, images=good[0])
    with caplog.at_level(logging.WARNING):
        history = with_bad.fit([bad, *good], epochs=2).history
    assert history.skipped == [1, 1]
    assert "1 of 5 batches were left out" in caplog.text
    without = FeedbackNetwork(trained, images=good[0])
    without.fit(good, epochs=2)
    assert same(with_bad, without)
    weights = copy.deepcopy(without.state_dict())
    with pytest.raises(ValueError, match="none of the 2 batches of epoch 0 had a loss that is a number"):
        without.fit([bad, bad], epochs=2)
    assert all(torch.equal(p, weights[name]) for name, p in without.named_parameters())


def test_bad_loaders_and_parameters_are_refused(trained: nn.Sequential, digits: TensorDataset) -> None:
    images = digits.tensors[0][:32]
    feedback = FeedbackNetwork(trained)
    with pytest.raises(ValueError, match="loader is a generator, which is used up after one epoch"):
        feedback.fit(batch for batch in [images])
    with pytest.raises(ValueError, match="validation is a list_iterator"):
        feedback.fit([images], validation=iter([images]))
    with pytest.raises(
        TypeError, match=r"one tensor; give a DataLoader, or a list of batches such as images.split\(32\)"
    ):
        feedback.fit(images)
    with pytest.raises(TypeError, match="or another iterable over batches, got int"):
        feedback.fit(3)  # type: ignore[arg-type]
    for loader, options, message in [
        ([], {}, "the loader gives no batches"),
        ([{"image": images}], {}, "the loader gives dict; expected batches of float images"),
        ([(images * 255).byte()], {}, r"gives torch.uint8 \[32, 1, 8, 8\]"),
        ([images, images[..., :7]], {}, r"built for images \[1, 8, 8\], got \[1, 8, 7\]"),
        ([images], {"epochs": 0}, "epochs must be 1 or more"),
        ([images], {"learning_rate": 0.0}, "learning_rate must be above 0"),
        ([images], {"patience": 2}, "give validation too"),
    ]:
        with pytest.raises(ValueError, match=message):
            feedback.fit(loader, **options)  # type: ignore[arg-type]
