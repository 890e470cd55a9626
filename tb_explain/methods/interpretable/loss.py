"""The filter loss: added to any other loss, it makes each filter of an interpretable layer stand for one part of one class."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from tb_explain.methods.interpretable.filters import FilterFigures, Filters
from tb_explain.methods.interpretable.objectives import mutual_information, pull_and_push, single_template
from tb_explain.methods.interpretable.templates import masked_layers
from tb_explain.methods.layers import bare

Variant = Literal["pull and push", "mutual information", "single template"]

# λ and the templates' gain at which each trains safely: docs/methods.md.
_WEIGHTS: dict[str, float] = {"pull and push": 0.1, "mutual information": 0.03, "single template": 0.03}
_GAIN = 0.2


class FilterLoss(nn.Module):
    """λ times the filter loss of all interpretable layers of a model, after Zhang, Wu & Zhu, Interpretable CNNs, CVPR 2018.

        loss = criterion(model(images), labels) + filter_loss(labels)

    It looks at the maps, before their masks, of the model's last forward pass in training mode. Maps are divided by a moving average of
    their filter's peak. Nothing is added in the first epoch; from the middle of the training on filters keep their class.

    Variants:
        "pull and push": the map of an image of the filter's class is pulled to the template of its peak, those of others are pushed
            down, the most fitting ones most. What the authors' code does. O(N C P) for P positions.
        "mutual information": −MI(X; T) of eq. 2, exactly, over the batch; without labels. O(N C P²). Keep λ
            small: peaks in the background raise it too.
        "single template": the gradient that the paper gives for it (eq. 4), with one template an image. O(N C P²). Unstable.

    Filters of DistributedDataParallel replicas have the same classes if it is made of the wrapped model: then each call sends one small
    message, which all processes must make. Everything else is of each replica's own batch.

    It has no parameters. Its state (moving averages, classes, steps) is in `state_dict()`, to go on after an interruption.

    Args:
        model: with layers that `make_interpretable` masked, or `InterpretableConv2d`. Not part of the state.
        classes: how many there are: a filter belongs to the one that excites it most, by a moving average of its maps' sums.
        positive: all filters belong to this class instead, as in telling one category from all else.
        steps_per_epoch: batches, calls, of an epoch: `len(loader)`.
        epochs: of the whole training.
        weight: λ; None: 0.1, 0.03 and 0.03.
        decay: λ / t in the t-th epoch with it, as in the paper.

    Raises:
        ValueError: the model has no interpretable layer, or parameters or labels do not fit.
        RuntimeError: called without a forward pass in training mode since the last call.
    """

    def __init__(
        self,
        model: nn.Module,
        classes: int | None = None,
        *,
        positive: int | None = None,
        steps_per_epoch: int,
        epochs: int,
        variant: Variant = "pull and push",
        weight: float | None = None,
        decay: bool = False,
    ) -> None:
        super().__init__()
        if variant not in _WEIGHTS:
            raise ValueError(f"variant must be one of {', '.join(map(repr, _WEIGHTS))}, got {variant!r}")
        if classes is not None and positive is not None:
            raise ValueError("give classes, or the positive class that all filters belong to, not both")
        if classes is None and positive is None and variant != "mutual information":
            raise ValueError(
                f"{variant!r} asks which class a filter belongs to: give classes, the number of them, or the positive class"
            )
        for name, value in (("classes", classes), ("steps_per_epoch", steps_per_epoch), ("epochs", epochs)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value}")
        if weight is not None and not weight >= 0:
            raise ValueError(f"weight must be 0 or more, got {weight}")
        self._model = (bare(model),)  # in a tuple, it is not registered as a part
        replicated = isinstance(model, nn.parallel.DistributedDataParallel)
        self._group = model.process_group if replicated else None
        self.classes = classes
        self.positive = positive
        self.steps_per_epoch = steps_per_epoch
        self.epochs = epochs
        self.variant: Variant = variant
        self.weight = _WEIGHTS[variant] if weight is None else weight
        self.decay = decay
        self.steps = 0
        """Calls so far."""
        masks = masked_layers(model)
        if not masks:
            raise ValueError(
                f"{type(bare(model)).__name__} has no interpretable layer; call make_interpretable(model, layer) first"
            )
        self.layers = nn.ModuleList(Filters(name, 1 if classes is None else classes) for name in masks)
        for mask in masks.values():
            mask.listened = True

    @property
    def strength(self) -> float:
        """λ of the next call: 0 in the first epoch."""
        epoch = self.steps // self.steps_per_epoch
        if epoch == 0:
            return 0.0
        return self.weight / epoch if self.decay else self.weight

    def forward(self, labels: Tensor | None = None) -> Tensor:
        """The loss of the model's last batch: a number, float32, with its graph.

        `labels`: class indices [N], or [N, K], above 0 where an image belongs to a class; those that the batch was given with.
        """
        masks = masked_layers(self._model[0])
        strength = self.strength
        new_epoch = self.steps % self.steps_per_epoch == 0
        frozen = 2 * self.steps >= self.steps_per_epoch * self.epochs
        total: Tensor | None = None
        for filters in self._filters():
            mask = masks.get(filters.layer)
            maps = None if mask is None else mask.taken()
            if maps is None:
                raise RuntimeError(
                    f"layer {filters.layer!r} kept no maps: run the model in training mode, with gradients, before each call "
                    "of the filter loss"
                )
            with torch.autocast(maps.device.type, enabled=False):
                members = self._members(labels, maps)
                filters.update(maps, members, self._group, frozen=frozen, new_epoch=new_epoch)
                added = maps.new_zeros((), dtype=torch.float32)
                if strength:
                    added = strength * self._of_layer(filters.normalised(maps), members, filters.owner)
                filters.count(added)
            total = added if total is None else total + added.to(total.device)
        self.steps += 1
        assert total is not None
        return total

    def figures(self) -> list[FilterFigures]:
        """How far the filters have come, a value a layer: to log once in a while. Cost: that of the mutual information of one batch."""
        return [filters.figures(_GAIN) for filters in self._filters()]

    def _filters(self) -> list[Filters]:
        return [filters for filters in self.layers if isinstance(filters, Filters)]

    def _of_layer(self, maps: Tensor, members: Tensor | None, owner: Tensor) -> Tensor:
        if self.variant == "mutual information":
            return -mutual_information(maps, _GAIN).mean()
        assert members is not None
        own = members[:, owner]
        return pull_and_push(maps, own) if self.variant == "pull and push" else single_template(maps, own, _GAIN)

    def _members(self, labels: Tensor | None, maps: Tensor) -> Tensor | None:
        """Which class each image belongs to, bool [N, K]; of one positive class K is 1. None: labels mean nothing here."""
        if self.classes is None and self.positive is None:
            return None
        n = len(maps)
        if labels is None or len(labels) != n or labels.ndim not in (1, 2):
            got = "none" if labels is None else list(labels.shape)
            raise ValueError(
                f"labels must be those of the {n} images that the model saw last, [{n}] or [{n}, K]; got {got}"
            )
        labels = labels.detach().to(maps.device)
        if labels.ndim == 2:
            members = labels > 0
        elif self.positive is not None:
            return (labels == self.positive)[:, None]
        else:
            members = labels[:, None] == torch.arange(self.classes or 0, device=labels.device)
        if self.positive is not None:
            return members[:, self.positive, None]
        if members.shape[1] != self.classes:
            raise ValueError(f"labels must say of {self.classes} classes whether they apply, got {list(labels.shape)}")
        return members

    def get_extra_state(self) -> dict[str, int]:
        """What a state says beside the buffers."""
        return {"steps": self.steps}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Go on counting."""
        self.steps = state["steps"]
