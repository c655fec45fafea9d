"""Weights files: safetensors with what they are for in the header, checked before anything is allocated.

The header's one entry is JSON with a sha256 over the tensors and one over itself, so that a flipped bit is noticed;
names, types and shapes must be the ones expected. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

MAX_HEADER = 8_000_000  # a scene has at most 1 MB, and grows to four times that where all of it needs escapes
_KEY = "artengine"
_START = b'{"__metadata__":{"artengine":"'  # what follows the length in every file of ours


class DamagedError(ValueError):
    """A weights file that is not what it should be, and why."""


class ForeignError(DamagedError):
    """A weights file of somebody else's."""


def write(file: IO[bytes], tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors, with `about` and their sha256 in the header; equal contents give equal bytes."""
    whole: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        kept = tensor.detach().cpu().contiguous()
        if kept.untyped_storage().data_ptr() in seen:  # tied weights: safetensors refuses what shares its memory
            kept = kept.clone()
        seen.add(kept.untyped_storage().data_ptr())
        whole[name] = kept
    header = {**about, "sha256": _digest(whole)}
    file.write(safetensors.torch.save(whole, {_KEY: _text(header)}))


def about(path: Path) -> dict[str, Any]:
    """What the header says of the file, unchecked against the tensors.

    Raises `DamagedError` where the header is damaged, `ForeignError` where it is none of ours, `OSError` where it
    cannot be read.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            start = file.read(len(_START))
        if not _START.startswith(start):
            raise ForeignError("it does not begin as artengine's weights files do")
        if length > MAX_HEADER:
            raise DamagedError(f"its header claims {length:,} bytes, expected at most {MAX_HEADER:,}")
        with safetensors.safe_open(str(path), framework="pt") as tensors:
            text = (tensors.metadata() or {}).get(_KEY, "")
    except safetensors.SafetensorError as error:
        raise DamagedError(f"not a whole safetensors file: {error}") from None
    try:
        header = json.loads(text)
        whole = isinstance(header, dict) and header.pop("header", None) and text == _text(header)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise DamagedError("its header does not match the sha256 in it")
    return dict(header)


def is_whole(path: Path) -> bool:
    """Whether a file is in the safetensors format, whoever made it."""
    try:
        with safetensors.safe_open(str(path), framework="pt"):
            return True
    except (safetensors.SafetensorError, OSError):
        return False


def read(
    path: Path, expected: Mapping[str, Tensor], also: str | None = None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and what the header says of them; names, types and shapes are those of `expected`.

    also: a prefix; tensors whose names begin with it may be there too, of any shape.
    Raises `DamagedError` where anything differs, `OSError` where the file cannot be read.
    """
    header = about(path)
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            names = set(file.keys())
            free = {name for name in names if also is not None and name.startswith(also)}
            if names - free != set(expected):
                raise DamagedError("it holds the weights of another network")
            for name, tensor in expected.items():
                shape, dtype = tuple(file.get_slice(name).get_shape()), file.get_slice(name).get_dtype()
                if shape != tuple(tensor.shape) or _TYPES.get(dtype) != tensor.dtype:
                    raise DamagedError(f"{name} is {dtype} {list(shape)}, expected {tensor.dtype} {list(tensor.shape)}")
            tensors = {name: file.get_tensor(name) for name in sorted(names)}
    except safetensors.SafetensorError as error:
        raise DamagedError(f"not a whole safetensors file: {error}") from None
    if header.get("sha256") != _digest(tensors):
        raise DamagedError("its contents do not match the sha256 in its header")
    for name in expected:
        if not torch.isfinite(tensors[name]).all():
            raise DamagedError(f"{name} holds values that are not numbers")
    return tensors, header


_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16} | {
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
}


def _text(header: Mapping[str, Any]) -> str:
    """The header as it is written: one text for one header, with its own sha256 in it."""
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
    return json.dumps({**header, "header": sha}, sort_keys=True)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        sha.update(f"{name}\0{tensor.dtype}\0{list(tensor.shape)}\0".encode())
        sha.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()
