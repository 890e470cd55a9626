"""Masked layers keep one place a map, and are otherwise the network that they were: weights, names, copies, compilers, replicas."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import FilterLoss, GradCAM, InterpretableConv2d, make_interpretable, make_ordinary
from tb_explain.methods.interpretable.templates import centres, distances, mask_of, masked_layers, templates, unmasked


def network(channels: int = 3, filters: int = 4, axes: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    conv = {2: nn.Conv2d, 3: nn.Conv3d}[axes]
    return nn.Sequential(
        OrderedDict(
            conv=conv(channels, filters, 3, padding=1),
            relu=nn.ReLU(inplace=True),
            after=nn.ReLU(inplace=True),
            flat=nn.Flatten(),
            head=nn.LazyLinear(2),
        )
    )


IMAGES = torch.randn(6, 3, 8, 10, generator=torch.Generator().manual_seed(1))


def by_hand(maps: Tensor) -> Tensor:
    """relu(x ∘ T) one position at a time, β = 4."""
    found = torch.zeros_like(maps)
    n, c, h, w = maps.shape
    side = (h * w) ** 0.5
    for i in range(n):
        for f in range(c):
            peak = int(maps[i, f].flatten().argmax())
            for y in range(h):
                for x in range(w):
                    distance = abs(y - peak // w) + abs(x - peak % w)
                    found[i, f, y, x] = max(0.0, max(0.0, maps[i, f, y, x].item()) * max(1 - 4 * distance / side, -1))
    return found


def test_a_masked_layer_gives_its_maps_times_the_template_of_their_peak() -> None:
    model = network()
    model(IMAGES)
    before = copy.deepcopy(model)
    assert make_interpretable(model, "relu") is model
    for run in (model.train(), model.eval()):
        torch.testing.assert_close(run[:2](IMAGES), by_hand(before.conv(IMAGES).relu()))
    assert list(model.state_dict()) == list(before.state_dict())
    model.load_state_dict(before.state_dict())
    assert not torch.equal(model(IMAGES), before(IMAGES))
    with unmasked(model):
        assert torch.equal(model(IMAGES), before(IMAGES))
    assert torch.equal(make_ordinary(model)(IMAGES), before(IMAGES)) and not model.relu._forward_hooks


def test_maps_below_zero_are_rectified_first() -> None:
    model = network()
    model(IMAGES)
    maps = model.conv(IMAGES).relu()
    make_interpretable(model, "conv")
    torch.testing.assert_close(model.conv(IMAGES), by_hand(maps))
    assert model.conv(IMAGES).min() == 0


def test_templates_of_images_and_voxels() -> None:
    assert torch.equal(distances(torch.tensor(5), (3, 4))[0], torch.tensor([2.0, 1, 2, 3]))
    cube = distances(torch.tensor(13), (3, 3, 3))  # the middle
    assert cube[1, 1, 1] == 0 and cube[0, 0, 0] == 3 and cube[1, 0, 1] == 1
    template = templates(torch.tensor([[0], [27]]), (8, 8))
    assert template.shape == (2, 1, 8, 8) and template.amax() == 1 and template.amin() == -1
    assert template[0, 0, 0, 1] == 0.5 and template[1, 0, 3, 3] == 1
    assert torch.equal(templates(torch.tensor(0), (1, 1)), torch.ones(1, 1))


def test_centres_are_the_first_peak_or_what_is_next_to_the_centroid() -> None:
    maps = torch.zeros(1, 3, 5, 6)
    maps[0, 0, 1, 2] = maps[0, 0, 3, 4] = 2.0
    maps[0, 1, 4, 5] = 1.0
    assert centres(maps).tolist() == [[8, 29, 0]], "all zero: the first"
    assert centres(maps, "centroid").tolist() == [[2 * 6 + 3, 29, 0]]
    voxels = torch.zeros(1, 1, 3, 4, 5)
    voxels[0, 0, 2, 1, 3] = 1
    assert centres(voxels).item() == centres(voxels, "centroid").item() == 2 * 20 + 1 * 5 + 3


def test_the_gradient_passes_the_map_and_not_the_template() -> None:
    maps = torch.rand(2, 3, 4, 4, requires_grad=True)
    layer = nn.Identity()
    make_interpretable(nn.Sequential(layer), layer)
    (found,) = torch.autograd.grad(layer(maps).sum(), maps)
    torch.testing.assert_close(found, templates(centres(maps), (4, 4)).clamp(min=0))


def test_maps_of_one_position_and_maps_of_zeros_pass() -> None:
    layer = nn.Identity()
    make_interpretable(nn.Sequential(layer), layer)
    one = torch.rand(2, 3, 1, 1)
    assert torch.equal(layer(one), one)
    assert torch.equal(layer(torch.zeros(2, 3, 4, 4)), torch.zeros(2, 3, 4, 4))


def test_a_convolution_built_interpretable_has_the_state_of_an_ordinary_one() -> None:
    ordinary, built = nn.Conv2d(3, 4, 3, padding=1), InterpretableConv2d(3, 4, 3, padding=1)
    built.load_state_dict(ordinary.state_dict())
    maps = ordinary(IMAGES).relu()
    torch.testing.assert_close(built(IMAGES), by_hand(maps))
    assert list(masked_layers(nn.Sequential(built))) == ["0"]
    assert torch.equal(make_ordinary(nn.Sequential(built))(IMAGES), maps)


def test_voxels() -> None:
    voxels = torch.randn(2, 1, 4, 5, 6)
    model = network(1, axes=3)
    model(voxels)
    make_interpretable(model, "relu")
    loss = FilterLoss(model, positive=1, steps_per_epoch=1, epochs=4)
    for _ in range(2):
        model(voxels)
        value = loss(torch.tensor([0, 1]))
    value.backward()
    assert model.conv.weight.grad is not None and model.conv.weight.grad.abs().max() > 0


def test_copies_are_masked_by_themselves_and_carry_no_maps() -> None:
    model = make_interpretable(network(), "relu")
    FilterLoss(model, positive=1, steps_per_epoch=1, epochs=2)
    model(IMAGES)
    mask = mask_of(model.relu)
    assert mask is not None and mask.kept
    twin = copy.deepcopy(model)
    other = mask_of(twin.relu)
    assert other is not None and other is not mask and not other.kept
    assert torch.equal(twin(IMAGES), model(IMAGES))
    expected = model(IMAGES)
    make_ordinary(twin)
    assert torch.equal(model(IMAGES), expected), "the original keeps its mask"


def test_a_pickled_mask_is_not_overwritten_by_the_hooks_of_another_process(tmp_path: Path) -> None:
    """Torch numbers hooks from 0 in each process."""
    model = make_interpretable(network(), "relu")
    expected = model(IMAGES)
    with (tmp_path / "model.pt").open("wb") as file:
        pickle.dump((model, IMAGES, expected), file)
    code = (
        "import pickle, sys, torch\n"
        "model, images, expected = pickle.load(open(sys.argv[1], 'rb'))\n"
        "for _ in range(2000):\n"
        "    model.relu.register_forward_hook(lambda *_: None).remove()\n"
        "assert torch.equal(model(images), expected)\n"
        "from tb_explain.methods import make_ordinary\n"
        "assert not torch.equal(make_ordinary(model)(images), expected)\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.pt"], cwd=root, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    again = torch.load(_saved(model), weights_only=False)
    assert torch.equal(again(IMAGES), expected)


def _saved(model: nn.Module) -> io.BytesIO:
    buffer = io.BytesIO()
    torch.save(model, buffer)
    buffer.seek(0)
    return buffer


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_compiled_network_trains_the_same() -> None:
    gradients = []
    for compiled in (False, True):
        model = make_interpretable(network(), "relu")
        model(IMAGES)
        loss = FilterLoss(model, positive=1, steps_per_epoch=1, epochs=4)
        run = torch.compile(model, backend="aot_eager", fullgraph=True) if compiled else model
        labels = torch.tensor([0, 1, 0, 1, 1, 1])
        for _ in range(3):
            model.zero_grad()
            total = nn.functional.cross_entropy(run(IMAGES), labels) + loss(labels)
            total.backward()
        gradients.append(model.conv.weight.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1])
    torch.compiler.reset()


def _replica(rank: int, port: int, queue: multiprocessing.Queue) -> None:
    import os

    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    torch.set_num_threads(1)
    model = network()
    model(IMAGES)
    make_interpretable(model, "relu")
    wrapped = nn.parallel.DistributedDataParallel(model)
    loss = FilterLoss(wrapped, classes=2, steps_per_epoch=1, epochs=10)
    rows = slice(3 * rank, 3 * rank + 3)
    labels = torch.tensor([0, 0, 0, 1, 1, 1])[rows]  # each replica sees one class only
    for _ in range(2):
        model.zero_grad()
        total = nn.functional.cross_entropy(wrapped(IMAGES[rows]), labels) + loss(labels)
        total.backward()
    queue.put((rank, loss.layers[0].owner.tolist(), model.conv.weight.grad.tolist()))
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_replicas_agree_on_gradients_and_on_the_classes_of_filters() -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [context.Process(target=_replica, args=(rank, port, queue)) for rank in range(2)]
    for worker in workers:
        worker.start()
    told = sorted(queue.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join(30)
    assert told[0][1:] == told[1][1:]
    model = network()
    model(IMAGES)
    sums = model.conv(IMAGES).relu().flatten(2).sum(2)
    assert told[0][1] == [int(mine[3:].mean() > mine[:3].mean()) for mine in sums.T]


def test_explanations_see_what_the_network_passes_on_and_leave_the_filter_loss_alone() -> None:
    model = make_interpretable(network(), "relu").train()
    loss = FilterLoss(model, positive=1, steps_per_epoch=1, epochs=4)
    labels = torch.tensor([0, 1, 0, 1, 1, 1])
    model(IMAGES)
    mask = mask_of(model.relu)
    assert mask is not None
    kept = mask.kept[-1]
    GradCAM("relu")(model, IMAGES[:2])
    assert mask.kept[-1] is kept
    model.eval()(IMAGES[:2])
    with torch.no_grad():
        model.train()(IMAGES[:2])
    assert mask.kept[-1] is kept
    loss(labels)
    assert not mask.kept


def test_what_cannot_be_masked_is_refused_in_a_sentence() -> None:
    model = network()
    with pytest.raises(ValueError, match="no layer 'relo'; did you mean"):
        make_interpretable(model, "relo")
    with pytest.raises(ValueError, match="no layer given"):
        make_interpretable(model, None)
    with pytest.raises(ValueError, match="'relu' is not interpretable"):
        make_ordinary(model, "relu")
    make_interpretable(model, "relu")
    with pytest.raises(ValueError, match="'relu' is interpretable already"):
        make_interpretable(model, ["after", "relu"])
    assert list(masked_layers(model)) == ["relu"], "nothing was done to the first"
    with pytest.raises(ValueError, match="centre must be 'peak' or 'centroid', got 'middle'"):
        make_interpretable(model, "after", centre="middle")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="slope must be above 0, got 0"):
        make_interpretable(model, "after", slope=0)
    make_interpretable(model, "head")
    with pytest.raises(ValueError, match=r"must give maps \[N, C, h, w\].*this Linear gave \[6, 2\]"):
        model(IMAGES)
