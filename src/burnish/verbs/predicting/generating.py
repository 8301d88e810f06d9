"""What models make by themselves: texts symbol by symbol, samples from noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating
from burnish.common.seeding import generator
from burnish.data.schema import Schema
from burnish.data.text import UNKNOWN, decode, encode

_CHUNK = 1024


def continue_text(
    model: nn.Module, schema: Schema, prompt: str = "", *, length: int = 300, temperature: float = 0.8, seed: int = 0
) -> str:
    """What a language model writes after a prompt.

    A model with ``step(tokens, state)`` reads every symbol once; any other reads the last window again for each symbol.

    Args:
        model: symbols ``(batch, time)`` to logits ``(batch, time, vocabulary)``.
        schema: its vocabulary and the length of its windows.
        prompt: where to go on from; empty for the start of a line.
        length: symbols to generate.
        temperature: what the logits are divided by; 0 takes the likeliest symbol.
        seed: decides what is drawn; the global generator is not touched.

    Raises:
        InputError: a symbol of the prompt is not in the vocabulary, or an option is out of range.
    """
    if length < 1:
        raise InputError(f"length must be at least 1, got {length}: it is the number of symbols to generate")
    if temperature < 0:
        raise InputError(f"temperature must be 0 or more, got {temperature}: 0.8 is usual")
    known = set(schema.vocabulary) - {UNKNOWN}
    strange = sorted(set(prompt) - known)
    if strange:
        told = ", ".join(map(repr, strange[:10]))
        raise InputError(
            f"the prompt has symbols that the run's text does not have: {told}; "
            f"its {len(known)} symbols are {''.join(sorted(known))!r}"
        )
    start = prompt or ("\n" if "\n" in known else min(known))
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    context = encode(start, schema.vocabulary).to(device)[None]
    rng = generator(seed, "text")
    barred = torch.tensor([symbol == UNKNOWN for symbol in schema.vocabulary])
    made = []
    with evaluating(model):
        read = _reader(model, schema.input_shape[0])
        for _ in range(length):
            scores = read(context).cpu().double().masked_fill(barred, float("-inf"))
            made.append(_draw(scores, temperature, rng))
            context = made[-1].to(device)[None]
    return decode(torch.cat(made), schema.vocabulary)


def _reader(model: nn.Module, window: int) -> Callable[[Tensor], Tensor]:
    """A function from new symbols ``(1, time)`` to the scores ``(vocabulary,)`` of the one after them."""
    step: Any = getattr(model, "step", None)
    state: Any = None
    seen = torch.zeros(1, 0, dtype=torch.int64)

    def go_on(new: Tensor) -> Tensor:
        nonlocal state
        logits, state = step(new, state)
        return logits[0, -1]  # type: ignore[no-any-return]

    def read_again(new: Tensor) -> Tensor:
        nonlocal seen
        seen = torch.cat([seen.to(new.device), new], dim=1)[:, -window:]
        return model(seen)[0, -1]  # type: ignore[no-any-return]

    return go_on if callable(step) else read_again


def _draw(scores: Tensor, temperature: float, rng: torch.Generator) -> Tensor:
    if temperature == 0:
        return scores.argmax()[None]
    chances = ((scores - scores.max()) / temperature).softmax(dim=0)
    return torch.multinomial(chances, 1, generator=rng)


def make_samples(model: nn.Module, count: int, *, seed: int = 0) -> Tensor:
    """Samples ``(count, *shape)`` of a generative model, on the CPU.

    Args:
        model: has ``sample(count, generator=...)``, itself or in ``.model``.
        count: how many.
        seed: decides them; the global generator is not touched.

    Raises:
        InputError: ``count`` is below 1.
    """
    if count < 1:
        raise InputError(f"count must be at least 1, got {count}: it is the number of samples to make")
    held = getattr(model, "model", None)
    inner: Any = held if isinstance(held, nn.Module) else model
    rng = generator(seed, "samples")
    with evaluating(model):
        sizes = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
        return torch.cat([inner.sample(size, generator=rng).cpu() for size in sizes])
