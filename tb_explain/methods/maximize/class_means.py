"""The mean image of each class, to start climbing from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tb_explain.methods.features import same_draws
from tb_explain.methods.loader import Loader, check_loader, labelled


def class_means(loader: Loader, classes: Sequence[int]) -> Tensor:
    """float32 [K, C, *S]: the means of the images of K classes, as the loader gives them. A few dozen images a class do.

    Raises ValueError for a loader without labels, and for classes of which it has no image.
    """
    check_loader(loader)
    with same_draws(loader):
        sums: Tensor | None = None
        counts = torch.zeros(len(classes), dtype=torch.long)
        for images, labels in labelled(loader):
            if labels is None:
                raise ValueError("the loader gives no labels; give batches (images, labels)")
            if sums is None:
                sums = torch.zeros(len(classes), *images.shape[1:], dtype=torch.float64)
            for k, index in enumerate(classes):
                mine = images[labels.to(images.device) == index]
                counts[k] += len(mine)
                sums[k] += mine.detach().double().sum(0).cpu()
    missing = [index for index, count in zip(classes, counts.tolist(), strict=True) if not count]
    if sums is None or missing:
        raise ValueError(f"the loader has no images of class {', '.join(map(str, missing or classes))}")
    return (sums / counts.reshape(-1, *(1,) * (sums.ndim - 1))).float()
