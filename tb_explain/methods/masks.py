"""Which superpixels are kept in each copy of an image: masks, every one a fair coin for every superpixel."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Design: TypeAlias = Literal["orthogonal", "paired", "random"]
"""How masks are drawn. In each design every mask, looked at alone, is a fair coin for each superpixel, so that all estimate the same.

- "random": one at a time; lime's own.
- "paired": each with its complement, in which everything else is kept. What two superpixels do together then hardly
  disturbs what they do alone, since it is the same in both.
- "orthogonal": pairs in blocks, in which any two superpixels are kept and hidden together equally often, in all four ways: rows of
  a Hadamard matrix and their complements, the columns and their signs drawn by chance (a folded-over design of Plackett & Burman 1946).
"""


def masks(design: Design, k: int, samples: int, seed: int) -> Tensor:
    """Masks bool [samples, K], the first with everything kept; in designs of pairs, rows 2i and 2i + 1 are each other's complement."""
    generator = torch.Generator().manual_seed(seed)
    if design == "random":
        kept = torch.randint(2, (samples, k), generator=generator).bool()
        kept[0] = True
        return kept
    pairs = -(-samples // 2)
    if design == "paired":
        half = torch.randint(2, (pairs, k), generator=generator).bool()
    elif design == "orthogonal":
        blocks = -(-pairs // _order(k))
        half = torch.cat([_block(k, generator) for _ in range(blocks)])
    else:
        raise ValueError(f'the design must be "orthogonal", "paired" or "random", got {design!r}')
    half = torch.cat([torch.ones(1, k, dtype=torch.bool), half])[:pairs]
    return torch.stack([half, ~half], 1).flatten(0, 1)[:samples]


def _block(k: int, generator: torch.Generator) -> Tensor:
    """Orthogonal masks bool [order, K], in any order, so that a part of them is hardly worse than as many random ones."""
    matrix = _hadamard(_order(k))
    columns = torch.randperm(len(matrix), generator=generator)[:k]
    rows = torch.randperm(len(matrix), generator=generator)
    flipped = torch.randint(2, (k,), generator=generator, dtype=torch.bool)
    return matrix[rows][:, columns] ^ flipped


@lru_cache
def _order(k: int) -> int:
    """The least order from k on of a Hadamard matrix that can be built here."""
    return next(n for n in range(k, 2 * k + 2) if _can_be_built(n))


def _can_be_built(n: int) -> bool:
    return n in (1, 2) or (n % 4 == 0 and (_is_prime(n - 1) or _can_be_built(n // 2)))


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % divisor for divisor in range(2, int(n**0.5) + 1))


@lru_cache
def _hadamard(n: int) -> Tensor:
    """A Hadamard matrix, bool [n, n]: Paley's first construction where n - 1 is a prime, else Sylvester's doubling."""
    if n == 1:
        return torch.ones(1, 1, dtype=torch.bool)
    if n == 2 or not _is_prime(n - 1):
        half = _hadamard(n // 2)
        return torch.cat([torch.cat([half, half], 1), torch.cat([half, ~half], 1)])
    q = n - 1
    residue = torch.zeros(q, dtype=torch.bool)
    residue[torch.arange(1, q) ** 2 % q] = True
    matrix = torch.ones(n, n, dtype=torch.bool)
    matrix[1:, 0] = False
    matrix[1:, 1:] = residue[(torch.arange(q)[None] - torch.arange(q)[:, None]) % q]
    return matrix | torch.eye(n, dtype=torch.bool)
