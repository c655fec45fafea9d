"""The devices that pictures are painted on."""

from __future__ import annotations

import torch

from artengine.errors import InputError


def device_named(word: str) -> torch.device:
    """The device that a word means: auto, cpu or cuda.

    Raises `InputError` where it is not there.
    """
    if word == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if word == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no such device here; use --device cpu")
    return torch.device(word)
