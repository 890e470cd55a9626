"""What methods work on: a batch of images in front of a network, with the targets to explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from tb_explain.methods.network import Network
from tb_explain.methods.rectifiers import Rule
from tb_explain.methods.targets import Resolved, Score


class Batch:
    """Images [N, C, *S] on the network's device, and their targets; `first` is the position of the first one in the call."""

    def __init__(self, network: Network, images: Tensor, targets: Resolved, output: Any, first: int) -> None:
        self.network = network
        self.images = images
        self.targets = targets
        self.output = output
        self.first = first
        self.input_gradients: dict[Rule, Tensor] = {}
        """Gradients [T, N, C, *S] of the targets' scores with respect to the images, by the rules that methods ask for."""
        self.chunk = 16 if network.device.type == "cpu" else 64
        """Images in one forward pass; a CPU is fastest with few."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def size(self) -> tuple[int, ...]:
        """(H, W), or (D, H, W), in pixels."""
        return tuple(self.images.shape[2:])

    def scores(self, images: Tensor, rows: Tensor, score: Score = "logit") -> Tensor:
        """float32 [M, T]: the targets' scores of M images, copies of the samples `rows` [M], by one forward pass without a graph."""
        return self.targets.read(self.network.forward_only(images), rows, score).float()

    def clean(self, score: Score = "logit") -> Tensor:
        """float32 [N, T]: the scores of the images themselves; no forward pass."""
        with torch.no_grad():
            return self.targets.read(self.output, torch.arange(len(self), device=self.images.device), score).float()

    def gradients(self, images: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Logits float32 [M, T] and their gradients [T, M, C, *S] with respect to M images, copies of the samples `rows` [M]:
        a forward pass, and a backward pass a target.
        """
        with torch.enable_grad():
            inputs = images.detach().requires_grad_()
            # The model gets a copy, which it may change in place.
            scores = self.targets.read(self.network(inputs.clone()), rows).float()
            return scores.detach(), gradients_of(scores, [inputs])[0]

    def perturbed(
        self,
        row: int | Tensor,
        count: int,
        write: Callable[[Tensor, int, int], None],
        score: Score = "probability",
    ) -> Tensor:
        """float32 [count, T]: the targets' scores of perturbed copies of one image, or of several, as in `passes`."""
        found = [scores for scores, *_ in self.passes(row, count, write, score)]
        return torch.cat(found) if found else torch.empty(0, self.targets.classes.shape[1], device=self.images.device)

    def passes(
        self,
        row: int | Tensor,
        count: int,
        write: Callable[[Tensor, int, int], None],
        score: Score = "probability",
    ) -> Iterator[tuple[Tensor, Any, int, int]]:
        """Runs the model on perturbed copies of one image; yields (scores [stop - start, T], output, start, stop) of each pass.

        `write(buffer, start, stop)` makes `buffer[: stop - start]` the copies start to stop; it may be called again for a
        smaller stop. The buffer [chunk, C, *S], on the model's device, holds copies of the image at first, and later what was
        left in it. Where the copies are of several images, `row` names the sample of each, [count], and `write` writes them entirely.
        """
        samples = torch.as_tensor(row, device=self.images.device).expand(count)
        image = self.images[samples[:1]]
        chunk = min(self.chunk, max(count, 1))
        buffer = self._copies(image, chunk)
        start = 0
        # The bar shows only for work long enough to wait for, and only on a terminal.
        with tqdm(total=count, desc="perturbing", unit="image", leave=False, delay=2, disable=None) as bar:
            while start < count:
                stop = min(start + chunk, count)
                write(buffer, start, stop)
                version, layout = buffer._version, self.network.memory_format
                try:
                    output = self.network.forward_only(buffer[: stop - start])
                    scores = self.targets.read(output, samples[start:stop], score).float()
                except RuntimeError as error:
                    if isinstance(error, torch.OutOfMemoryError) and chunk > 1:
                        chunk = self.chunk = chunk // 2
                    elif self.network.memory_format == layout:  # else it failed because of the old one
                        raise
                    buffer = self._copies(image, chunk)
                    continue
                if buffer._version != version:  # the model changed its input in place
                    buffer.copy_(image.expand_as(buffer))
                yield scores, output, start, stop
                bar.update(stop - start)
                start = stop

    def _copies(self, image: Tensor, n: int) -> Tensor:
        layout = self.network.memory_format if image.ndim == 4 else torch.contiguous_format
        return image.contiguous(memory_format=layout).expand(n, *image.shape[1:]).clone(memory_format=layout)


def gradients_of(scores: Tensor, inputs: list[Tensor], *, keep_graph: bool = False) -> list[Tensor]:
    """The gradients [T, *input] of the T scores of all samples [N, T] with respect to each input: one backward pass a target.

    Exact a sample, since in evaluation mode samples do not influence each other. Zero where a score does not depend on an input.
    Raises ValueError when the scores depend on nothing that requires a gradient.
    """
    if not scores.requires_grad:
        raise ValueError(
            "the model's output does not depend on the images through differentiable operations; "
            "use a method that only runs the model, such as Occlusion() or LIME()"
        )
    columns = scores.float().sum(0).unbind()
    by_target = [
        torch.autograd.grad(
            column,
            inputs,
            retain_graph=keep_graph or column is not columns[-1],
            allow_unused=True,
            materialize_grads=True,
        )
        for column in columns
    ]
    return [torch.stack(gradients) for gradients in zip(*by_target, strict=True)]
