"""Which superpixels are kept in each copy of an image: masks, every one a fair coin for every superpixel."""

from __future__ import annotations

from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Design: TypeAlias = Literal["orthogonal", "paired", "random"]
"""How masks are drawn. In each design every mask, looked at alone, is a fair coin for each superpixel, so that all estimate the same.

- "random": one at a time; lime's own.
- "paired": each with its complement, which keeps everything else. What two superpixels do together then hardly disturbs
  what is found that each does alone, since it is the same in both.
- "orthogonal": pairs in which any two superpixels are kept and hidden together equally often, in all four ways, and in which
  what three touching superpixels do together is not mistaken for what one of all does alone, as far as their number allows.
"""

PROPOSALS = 4000
"""Changes tried in the search for columns; it takes a tenth of a second."""
MOST_TRIPLES = 4000


def masks(design: Design, k: int, samples: int, seed: int, touching: Tensor | None = None) -> Tensor:
    """Masks bool [samples, K], the first with everything kept; in designs of pairs, rows 2i and 2i + 1 are each other's complement.

    `touching` bool [K, K]: which superpixels are neighbours; used by the orthogonal design.
    """
    generator = torch.Generator().manual_seed(seed)
    if design == "random":
        kept = torch.randint(2, (samples, k), device="cpu", generator=generator).bool()
        kept[0] = True
        return kept
    pairs = -(-samples // 2)
    if design == "paired":
        half = torch.randint(2, (pairs, k), device="cpu", generator=generator).bool()
    elif design == "orthogonal":
        half = _orthogonal(k, pairs, generator, touching)
    else:
        raise ValueError(f'the design must be "orthogonal", "paired" or "random", got {design!r}')
    half = torch.cat([torch.ones(1, k, dtype=torch.bool), half])[:pairs]
    return torch.stack([half, ~half], 1).flatten(0, 1)[:samples]


def _orthogonal(k: int, rows: int, generator: torch.Generator, touching: Tensor | None) -> Tensor:
    """Rows of a Hadamard matrix bool [rows, K], each column's sign drawn by chance.

    The matrix is Sylvester's: in row x, column v is kept if x & v has an even number of bits. The product of three columns a, b, c
    is the column a ^ b ^ c; where that is a superpixel's, an effect of the three together is taken for one of it. (With complements,
    Plackett & Burman's fold-over 1946, products of two are orthogonal to all.) The first 2^j rows are such a matrix of the low j
    bits, so that a part of the rows will do.
    """
    least = max(k - 1, 1).bit_length()
    bits = max(least, (rows - 1).bit_length())
    columns = _columns(k, least, bits, generator, touching)
    blocks = [
        torch.randperm(1 << least, device="cpu", generator=generator) + start for start in range(0, rows, 1 << least)
    ]
    common = torch.cat(blocks)[:rows, None] & columns
    odd = torch.zeros_like(common)
    for bit in range(bits):
        odd ^= common >> bit
    flipped = torch.randint(2, (k,), device="cpu", generator=generator).bool()
    return (odd & 1 == 0) ^ flipped


def _columns(k: int, least: int, bits: int, generator: torch.Generator, touching: Tensor | None) -> Tensor:
    """A column [K] for each superpixel, their lowest `least` bits all different: by chance, then by what is no worse for touching triples."""
    low = torch.randperm(1 << least, device="cpu", generator=generator)
    high = torch.randint(1 << (bits - least), (len(low),), device="cpu", generator=generator)
    columns = low + (high << least)
    triples = _touching_triples(touching, generator) if touching is not None else torch.empty(0, 3, dtype=torch.long)
    if len(triples) == 0:
        return columns[:k]
    best = columns.numpy()
    a, b, c = triples.numpy().T
    levels = range(least, bits + 1)

    def mistaken(columns: NDArray[np.int64]) -> int:
        """How many triples' products are a superpixel's column, summed over the numbers of rows 2^least, ..., 2^bits."""
        products = columns[a] ^ columns[b] ^ columns[c]
        number = 0
        for level in levels:
            used = np.zeros(1 << level, bool)
            used[columns[:k] & ((1 << level) - 1)] = True
            number += np.count_nonzero(used[products & ((1 << level) - 1)])
        return number

    fewest = mistaken(best)
    whole = (1 << least) - 1
    draws = [torch.randint(n, (PROPOSALS,), device="cpu", generator=generator).tolist() for n in (k, len(low), 2)]
    for one, other, swap in zip(*draws, strict=True):
        if fewest == 0:
            break
        proposed = best.copy()
        # Exchange low bits with another column, which may be nobody's, or take over its high bits.
        if swap:
            proposed[[one, other]] ^= (best[one] ^ best[other]) & whole
        else:
            proposed[one] ^= (best[one] ^ best[other]) & ~whole
        number = mistaken(proposed)
        if number <= fewest:
            best, fewest = proposed, number
    return torch.from_numpy(best[:k])


def _touching_triples(touching: Tensor, generator: torch.Generator) -> Tensor:
    """Three superpixels of which one touches the two others, int64 [n, 3]; of very many, some by chance."""
    found = {
        tuple(sorted((middle, *ends)))
        for middle, row in enumerate(touching.cpu())
        for ends in combinations(row.nonzero().flatten().tolist(), 2)
    }
    triples = torch.tensor(sorted(found), dtype=torch.long).reshape(-1, 3)
    return triples[torch.randperm(len(triples), device="cpu", generator=generator)[:MOST_TRIPLES]]
