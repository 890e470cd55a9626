"""A model during an explanation: it runs and leaves no trace of having run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from tb_explain.methods.defaults import our_defaults, their_defaults
from tb_explain.methods.layers import bare


class Network:
    """A bare model whose parameters are outside the graph; `run` calls it. Made by `undisturbed`."""

    def __init__(self, module: nn.Module, run: Callable[[Tensor], Any]) -> None:
        self.module = module
        tensors = [*module.parameters(), *module.buffers()]
        self.device = tensors[0].device if tensors else torch.device("cpu")
        self.dtype = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
        # On a CPU convolutions are 1.3 to 1.5 times as fast so, but a model may use `view`, which needs the other layout.
        self.memory_format = torch.channels_last if self.device.type == "cpu" else torch.contiguous_format
        self._run = run
        self._autocast = torch.is_autocast_enabled(self.device.type), torch.get_autocast_dtype(self.device.type)

    def __call__(self, images: Tensor) -> Any:
        """The model's output, under the autocast of who asked for explanations. A graph is recorded only behind tensors that
        require a gradient, such as `images` may.
        """
        enabled, dtype = self._autocast
        with their_defaults(), torch.autocast(self.device.type, dtype, enabled=enabled):
            return self._run(images.to(self.device, self.dtype))

    def forward_only(self, images: Tensor) -> Any:
        """The output without a graph, of images in `memory_format`, as the fastest way to run the model many times."""
        with torch.no_grad():
            if images.ndim != 4 or self.memory_format == torch.contiguous_format:
                return self(images.contiguous())
            version = images._version
            try:
                return self(images.contiguous(memory_format=self.memory_format))
            except RuntimeError as error:
                if "view size is not compatible" not in str(error):
                    raise
                self.memory_format = torch.contiguous_format
                if images._version != version:  # the model had already changed them in place
                    raise
                return self(images.contiguous())


def checked_inputs(model: nn.Module, images: Tensor) -> nn.Module:
    """The bare model, of a model and images [N, C, *S] as a caller gave them. Raises TypeError or ValueError for what is neither."""
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            "the model is scripted or traced, which hides its layers; give the nn.Module that it was made from"
        )
    if not isinstance(model, nn.Module):
        raise TypeError(f"the model must be a torch.nn.Module, got {type(model).__name__}")
    if (
        not isinstance(images, Tensor)
        or images.ndim not in (4, 5)
        or not images.is_floating_point()
        or images.numel() == 0
    ):
        got = f"{images.dtype} {list(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a non-empty float tensor [N, C, H, W] as the model takes them, got {got}")
    return bare(model)


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[Network]:
    """Yields a bare model as a `Network`, and leaves no trace in it.

    Evaluation mode for each sub-module and back, parameters outside the graph and buffers as copies, the random state of the
    CPU and of the model's devices put back.
    """
    modes = [(module, module.training) for module in model.modules()]
    tensors = [*model.parameters(), *model.buffers()]
    devices = {tensor.device.index for tensor in tensors if tensor.device.type == "cuda"}
    with ExitStack() as stack:
        stack.enter_context(our_defaults())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.random.fork_rng(devices=sorted(devices)))
        stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.callback(_set_modes, modes)
        _set_modes([(module, False) for module, _ in modes])
        state = {name: _outside_graph(parameter) for name, parameter in model.named_parameters()}
        state |= {name: buffer.clone() for name, buffer in model.named_buffers()}
        yield Network(model, lambda images: functional_call(model, state, (images,)))


def _set_modes(modes: Sequence[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:  # not by train(), which models override and which would reach their parts
        module.training = training


def _outside_graph(parameter: Tensor) -> Tensor:
    return parameter.clone() if parameter.is_inference() else parameter.detach()
