"""A decoder that mirrors a frozen classifier, and what is read off it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.feedback.errors import reconstruction_errors
from tb_explain.methods.feedback.mirror import MirrorStage, check_mirrored
from tb_explain.methods.feedback.path import path, read
from tb_explain.methods.feedback.response import only_at, response_fields
from tb_explain.methods.feedback.results import Codes, History, ReconstructionErrors, ResponseField
from tb_explain.methods.feedback.training import Plan, train
from tb_explain.methods.interpretable.templates import unmasked
from tb_explain.methods.layers import Layers, bare, layer_names, widened
from tb_explain.methods.loader import Loader, is_binary
from tb_explain.methods.network import Network, checked_inputs, undisturbed
from tb_explain.methods.receptive_fields import ReceptiveFields, receptive_fields
from tb_explain.methods.targets import MultiLabel, Output, Targets

_CHUNK = 64
"""Images decoded at once."""
_FIRST = 0.1
"""Of the usual first weights, those that give the images: what codes do not teach would stay in them as noise."""


class FeedbackNetwork(nn.Module):
    """A mirrored decoder attached to a frozen classifier: what each layer, and the verdict, still know of an image (FER-CNN).

    h_l: the code of layer l, h_0 = x, the probabilities p the last. D_l maps a code of layer l to one of layer l - 1; D_1∘…∘D_l(h_l)
    is the reconstruction from layer l, D_1∘…∘D_L(p) that of the class. g_l, the feedback codes, are what comes out on
    the way down from p. Trained (`fit`) to minimise

        Σ_l a_l rec(D_1∘…∘D_l(h_l), x) + 0.1 Σ_{l>1} mean (D_l(h_l) − h_{l−1})² / mean h_{l−1}²,   a = 2, 2, 1, …, 1

    where rec is the cross entropy for images of which all values are 0 or 1, else the mean squared error in the model's input space.

    Where modules run one after the other they are mirrored one by one (a convolution by the transposed one of the same kernel,
    stride, padding, dilation and groups; poolings by nearest neighbours and a convolution; linear layers by linear layers; nothing
    normalises). Where they do not (branches, functions), a stage is one transposed convolution that fits the shapes. D_l takes codes,
    and gives them, as they are; inside, they are less the mean of each channel and over the size of what is left, both of the first images seen.
    Untrained, it gives nearly the mean of each of their channels.

    The decoder is built when the first images are seen, or at once from `images`. The classifier is no submodule: `parameters()` and
    `state_dict()` are the decoder's alone, which is moved to the classifier's device whenever it is used.

    Args:
        model: a classifier of images or voxels; left as it was by everything here, parameters included.
        layers: from first to last. None: in a plain sequence, the end of each convolution or linear layer with what follows it, but
            the last; else the last of each size, and the last vector. `layers` is () until they are found.
        images: some images, [N, C, *S]; needed only to have the decoder before anything else, for an optimizer or a `state_dict`.
        skips: each D_l adds h_{l−1}, mixed over channels, which in training is withheld from every other image at random. Sharper
            reconstructions by `reconstruct`; never used from the probabilities on, in `decode`, `respond` or `errors`.
        targets: `MultiLabel()` where probabilities are sigmoids, or `Output(name)`.
        seed: of the decoder's first weights, of the order in which a shuffling loader gives samples, and of what is withheld.

    Raises:
        ValueError: here or with the first images, when a layer is not there, is out of order, or cannot be mirrored.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Layers = None,
        *,
        images: Tensor | None = None,
        skips: bool = False,
        targets: Targets = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if isinstance(model, torch.jit.ScriptModule) or not isinstance(model, nn.Module):
            raise TypeError(f"the model must be a torch.nn.Module that is not scripted, got {type(model).__name__}")
        kind: Any = targets
        while isinstance(kind, (MultiLabel, Output)):
            kind = kind.targets
        if kind is not None:
            raise ValueError(
                "a feedback network starts from all classes; give MultiLabel(), Output(name) or None as targets"
            )
        self._model = (bare(model),)  # in a tuple, it is not registered as a part
        self._asked = layer_names(self.model, layers)
        self.layers: tuple[str, ...] = tuple(self._asked or ())
        """Feature layers, first to last; the class probabilities follow as the last code."""
        self.skips = skips
        self.targets = targets
        self.seed = seed
        self.input_shape: tuple[int, ...] | None = None
        """(C, *S) of an image; None: not built yet."""
        self.binary: bool | None = None
        """Whether images hold only 0 and 1, so that reconstructions are probabilities; None: no images were seen."""
        self.history: History | None = None
        """Of the last fit."""
        self.stages = nn.ModuleList()
        """D_1 to D_L."""
        self._fields: dict[str, ReceptiveFields] = {}
        if images is not None:
            with self._running(images):
                pass

    @property
    def model(self) -> nn.Module:
        """The classifier."""
        return self._model[0]

    def fit(
        self,
        loader: Loader,
        *,
        epochs: int = 24,
        learning_rate: float = 2e-3,
        layerwise: bool = False,
        validation: Loader | None = None,
        patience: int | None = None,
        checkpoint: str | Path | None = None,
    ) -> FeedbackNetwork:
        """Train the decoder by Adam whose rate falls along a half cosine; cost: of each batch, a forward pass of the classifier, and
        D_1 on L codes, D_2 on L - 1, ..., forward and backward. Returns the network itself; `history` says how it went.

        Args:
            loader: batches of images, or of (images, labels); gone through once an epoch.
            layerwise: each D_l alone learns to give h_{l−1} for h_l; a fraction of the cost, but errors add up on the way down.
            validation: batches whose loss is computed after each epoch.
            patience: epochs without a smaller validation loss after which to stop; the weights are then those of the best.
            checkpoint: file written after each epoch. When it exists the fit goes on from there, and ends with the same weights, to the
                bit on a CPU, as one never interrupted, provided that the loader's samples depend on torch's random state alone.

        Raises:
            ValueError: what was given does not fit, or no batch of an epoch had a loss that is a number.
            KeyboardInterrupt: passes through; the network can be used as it is by then.
        """
        plan = Plan(epochs, learning_rate, layerwise, patience)
        train(self, plan, loader, validation, None if checkpoint is None else Path(checkpoint))
        return self

    def codes(self, images: Tensor) -> Codes:
        """The forward and feedback codes of images [N, C, *S]."""
        forward: list[list[Tensor]] = []
        with self._running(images) as (network, images), torch.no_grad():
            for part in torch.split(images, _CHUNK):
                forward.append([*self._read(network, part)])
        joined = [torch.cat(each) for each in zip(*forward, strict=True)]
        probabilities = joined.pop()
        return Codes(
            forward=dict(zip(self.layers, joined, strict=True)),
            feedback=self.feedback(probabilities),
            probabilities=probabilities,
        )

    def feedback(self, probabilities: Tensor) -> dict[str, Tensor]:
        """The feedback codes g_l of probabilities [N, K]."""
        code = self._checked_code(None, probabilities)
        found: dict[str, list[Tensor]] = {name: [] for name in self.layers}
        with self._exact():
            for part in torch.split(code, _CHUNK):
                for name, stage in zip(reversed(self.layers), reversed(self.stages), strict=False):
                    part = stage(part)
                    found[name].append(part)
        return {name: torch.cat(parts) for name, parts in found.items()}

    def decode(self, layer: str | None, code: Tensor) -> Tensor:
        """D_1∘…∘D_l(code), [N, C, *S], of a code of a layer, or of probabilities (None): in the model's input space; probabilities of
        1 for images of 0 and 1.
        """
        code = self._checked_code(layer, code)
        with self._exact():
            return torch.cat([self._image(self(part, layer)) for part in torch.split(code, _CHUNK)])

    def forward(self, code: Tensor, layer: str | None = None) -> Tensor:
        """`decode` with its graph, of codes already on the device; logits for images of 0 and 1."""
        for stage in reversed(self.stages[: self._depth(layer)]):
            code = stage(code)
        return code

    def reconstruct(
        self, images: Tensor, layer: str | None = None, *, positions: Sequence[Sequence[int]] | None = None
    ) -> Tensor:
        """Images [N, C, *S] as the decoder gives them from their codes of a layer, or from their probabilities (None).

        `positions`: from these of the layer's alone, (y, x) or (z, y, x), without skips.
        """
        if positions is not None and layer is None:
            raise ValueError("class probabilities have no positions; name a layer")
        found = []
        with self._running(images) as (network, images), torch.no_grad(), self._exact():
            depth = self._depth(layer)
            for part in torch.split(images, _CHUNK):
                codes = [part, *self._read(network, part)]
                values = codes[depth] if positions is None else only_at(codes[depth], positions)
                for i in reversed(range(depth)):
                    skips = self.skips and layer is not None and positions is None and i > 0
                    values = self.stages[i](values, codes[i] if skips else None)
                found.append(self._image(values))
        return torch.cat(found)

    def respond(self, images: Tensor, layer: str, positions: Sequence[Sequence[int]]) -> list[ResponseField]:
        """Response-field reconstruction, all its steps, for each of some positions of a layer ((y, x), or (z, y, x)) over N images.

        Of the code only the position itself, or the positions whose receptive fields overlap its own, are decoded, and the position's
        receptive field is cut out. Where the decoder mirrors convolutions exactly (no poolings, no branches up to the layer) the latter equals what
        the full code gives there, since no other position reaches it. Skips are not used.

        Cost: two codes to decode a position and image; and once a layer, its receptive fields, one forward pass for each row and column.
        """
        with self._running(images):
            self._depth(layer)
        if layer not in self._fields:
            with unmasked(bare(self.model)):  # masks look for the peak in the whole image
                self._fields |= receptive_fields(self.model, [layer], images)
        return response_fields(self, images, layer, positions, self._fields[layer])

    def errors(
        self, images: Tensor, loader: Loader, *, layer: str | None = None, validation: Loader | None = None
    ) -> ReconstructionErrors:
        """The four reconstruction errors of images, beside training samples that stand for the predicted classes.

        Cost: one pass over the loader (and one over `validation`), each batch decoded from every layer; memory for one sample an image.

        Args:
            loader: batches of training samples, without the images.
            layer: from whose codes to reconstruct. None: that with the smallest error on `validation`, or else on the loader.
        """
        return reconstruction_errors(self, images, loader, layer, validation)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Builds the decoder first, when that was not done, from the size of images that the state knows."""
        extra = state_dict.get("_extra_state")
        if extra is not None and self.input_shape is None:
            with self._running(torch.zeros(1, *extra["input_shape"])):
                pass
        return super().load_state_dict(state_dict, strict, assign)

    def get_extra_state(self) -> dict[str, Any]:
        """What a state says beside the weights."""
        shape = None if self.input_shape is None else list(self.input_shape)
        return {"layers": list(self.layers), "input_shape": shape, "binary": self.binary}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Raises ValueError when the state is of another decoder."""
        theirs, own = state["layers"], list(self.layers)
        if theirs != own:
            raise ValueError(f"the state is of a decoder of the layers {theirs}, this one is of {own}")
        self.binary = state["binary"]

    @contextmanager
    def _running(self, images: Tensor) -> Iterator[tuple[Network, Tensor]]:
        """The classifier, undisturbed, and the images on its device; the decoder is built, and there too."""
        checked_inputs(self.model, images)
        with undisturbed(self.model) as network:
            images = images.detach().to(network.device, torch.float32)
            self._ready(network, images)
            yield network, images.clone() if images.is_inference() else images

    def _ready(self, network: Network, images: Tensor) -> None:
        shape = tuple(images.shape[1:])
        if self.input_shape is None:
            self._build(network, shape)
        self.to(network.device)
        if shape != self.input_shape:
            raise ValueError(f"the decoder was built for images {list(self.input_shape or ())}, got {list(shape)}")
        if self.binary is None and images.isfinite().all() and images.any():
            self.binary = is_binary(images)
            self._measure(network, images)

    def _measure(self, network: Network, images: Tensor) -> None:
        """Tell the stages what each channel of the codes is around, and how far from it they are."""
        with torch.no_grad():
            codes = [images, *self._read(network, images)]
        means = [code.mean([0, *range(2, code.ndim)]).nan_to_num(0, 0, 0) for code in codes]
        scales = [
            (code - widened(mean[None], code.ndim)).square().mean().sqrt()
            for code, mean in zip(codes, means, strict=True)
        ]
        scales = [torch.where((scale > 0) & scale.isfinite(), scale, 1) for scale in scales]
        if self.binary:  # what comes out is logits
            means[0], scales[0] = means[0].logit(1e-3), torch.ones_like(scales[0])
        stages: list[Any] = [*self.stages]
        for i, stage in enumerate(stages):
            stage.measure(means[i : i + 2], scales[i : i + 2])

    def _build(self, network: Network, shape: tuple[int, ...]) -> None:
        # Noise, so that what is built depends on sizes alone. The random state is put back by `undisturbed`.
        torch.default_generator.manual_seed(self.seed)
        noise = torch.randn(4, *shape)
        found = path(network, noise.to(network.device), self._asked, self.targets)
        stages = [MirrorStage(stage, skip=self.skips and i > 0) for i, stage in enumerate(found)]
        check_mirrored(stages, found)
        with torch.no_grad():
            last = [module for module in stages[0].mirror if any(True for _ in module.parameters())][-1]
            for parameter in last.parameters():
                parameter.mul_(_FIRST)
        self.stages = nn.ModuleList(stages)
        self.layers = tuple(stage.name for stage in found[:-1])
        self.input_shape = shape
        self._code_shapes = [stage.after for stage in found]

    def _read(self, network: Network, images: Tensor) -> list[Tensor]:
        """h_1 to h_{L-1}, and the probabilities."""
        codes, probabilities = read(network, images, self.layers, self.targets)
        return [*codes, probabilities]

    def _depth(self, layer: str | None) -> int:
        """l, so that D_1 to D_l decode a layer's code."""
        if layer is None:
            return len(self.stages)
        if layer not in self.layers:
            raise ValueError(f"the feedback network has no layer {layer!r}; it has {', '.join(map(repr, self.layers))}")
        return self.layers.index(layer) + 1

    def _checked_code(self, layer: str | None, code: Tensor) -> Tensor:
        if self.input_shape is None:
            raise RuntimeError("the decoder has seen no images yet; call fit first, or give images to FeedbackNetwork")
        expected = self._code_shapes[self._depth(layer) - 1]
        if code.ndim == 0 or tuple(code.shape[1:]) != expected or not len(code):
            what = f"a code of layer {layer!r}" if layer else "probabilities"
            raise ValueError(f"{what} must have the shape [N, {', '.join(map(str, expected))}], got {list(code.shape)}")
        self.to(next((parameter.device for parameter in self.model.parameters()), "cpu"))
        return code.detach().to(next(self.parameters()).device, torch.float32)

    @contextmanager
    def _exact(self) -> Iterator[None]:
        """Without a graph and in float32."""
        with torch.no_grad(), torch.autocast(next(self.parameters()).device.type, enabled=False):
            yield

    def _image(self, values: Tensor) -> Tensor:
        return values.sigmoid() if self.binary else values
