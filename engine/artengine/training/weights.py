"""Weights files: safetensors with what they are for in the header, checked before anything is allocated.

The header's one entry is JSON with a sha256 over the tensors and one over itself, so that a flipped bit is noticed;
names, types and shapes must be the ones expected. A file of 8 or 16 bits holds its tensors as `quantised` packs them.
Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from artengine.capabilities import dynamic_rows
from artengine.files import WEIGHTS_HEADER
from artengine.media import Learnt
from artengine.training import quantised

MAX_HEADER = 8_000_000  # a scene has at most 1 MB, and grows to four times that where all of it needs escapes
_KEY = "artengine"


class DamagedError(ValueError):
    """A weights file that is not what it should be, and why."""


class ForeignError(DamagedError):
    """A weights file of somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What weights in a file come to.

    parameters: numbers in its tensors. file_bytes: what they take of the file, or all of a file of weights.
    weights_bytes: the tensors alone, rows' scales and offsets with them. bits_per_weight: of those bytes. pixels: of
    the photos that have been learnt. bits_per_pixel: of those bytes too. steps, loss, psnr and hidden (decibels): where
    the training ended. None is what the file does not say.
    """

    parameters: int
    file_bytes: int
    weights_bytes: int
    bits_per_weight: float | None
    pixels: int | None
    bits_per_pixel: float | None
    steps: int | None
    loss: float | None
    psnr: float | None
    hidden: float | None


def write(file: IO[bytes], tensors: Mapping[str, Tensor], about: Mapping[str, Any], bits: int | None = None) -> None:
    """Write tensors, with `about` and their sha256 in the header; equal contents give equal bytes.

    bits: 8 or 16 for each weight, where `quantised.round_weights` has rounded them so; None for all of them.
    Raises `ValueError` where it has not.
    """
    if bits is not None:
        tensors, about = quantised.packed(tensors, bits), {**about, "bits": bits}
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
            start = file.read(len(WEIGHTS_HEADER))
        if not WEIGHTS_HEADER.startswith(start):
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


def without(path: Path, entries: Collection[str]) -> bytes:
    """The bytes of a weights file whose header lacks some entries.

    Raises as `about` does.
    """
    header = {name: value for name, value in about(path).items() if name not in entries}
    try:
        tensors = safetensors.torch.load_file(path)
    except safetensors.SafetensorError as error:
        raise DamagedError(f"not a whole safetensors file: {error}") from None
    return bytes(safetensors.torch.save(tensors, {_KEY: _text(header)}))


def is_whole(path: Path) -> bool:
    """Whether a file is in the safetensors format, whoever made it."""
    try:
        with safetensors.safe_open(str(path), framework="pt"):
            return True
    except (safetensors.SafetensorError, OSError):
        return False


def load(path: Path, network: nn.Module) -> dict[str, Any]:
    """Give a network the weights in a file; gives what the header says of them.

    Raises as `read` does.
    """
    expected, any_rows = wanted(network)
    tensors, header = read(path, expected, any_rows=any_rows)
    give(network, tensors)
    return header


def give(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give a network its weights, all of them or none.

    Raises `DamagedError` where it refuses them: it looks at dynamic rows more closely.
    """
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        network.load_state_dict(before)
        raise DamagedError(" ".join(str(error).split())) from None


def earlier(learnt: Learnt, expected: Mapping[str, Tensor], *, any_rows: bool = False) -> dict[str, Tensor]:
    """Those tensors of a weights file that a scene names whose names, types and shapes are expected.

    any_rows: whether they may have another number of rows.
    Raises `ValueError` where it is damaged, lacks one of them, or has changed since the scene was loaded.
    """
    try:
        if hashlib.sha256(learnt.path.read_bytes()).hexdigest() != learnt.sha256:
            raise DamagedError("it has changed since the scene was loaded")
        tensors, _ = read(learnt.path, expected, also="", any_rows=expected.keys() if any_rows else ())
    except (DamagedError, OSError) as error:
        raise ValueError(f"{learnt.name}: {error}; expected the weights of a training of this kind") from None
    return {name: tensors[name] for name in expected}


def wanted(network: nn.Module, prefix: str = "") -> tuple[dict[str, Tensor], set[str]]:
    """A network's weights, and the names of those that may have another number of rows; for `read`.

    prefix: of their names in the file.
    """
    named = {prefix + name: tensor for name, tensor in network.state_dict().items()}
    return named, {prefix + name for name in dynamic_rows(network)}


def read(
    path: Path, expected: Mapping[str, Tensor], also: str | None = None, any_rows: Collection[str] = ()
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and what the header says of them; names, types and shapes are those of `expected`.

    However many bits a weight has in the file, its tensor has the type that is expected.
    also: a prefix; tensors whose names begin with it may be there too, of any shape. any_rows: names of tensors that
    may have another number of rows than expected.
    Raises `DamagedError` where anything differs, `OSError` where the file cannot be read.
    """
    header = about(path)
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            names = set(file.keys())
            free = {name for name in names - expected.keys() if also is not None and name.startswith(also)}
            kinds = {name: _kind(file.get_slice(name)) for name in names - free}
            _check(kinds, expected, header.get("bits"), any_rows)
            tensors = {name: file.get_tensor(name) for name in sorted(names)}
    except safetensors.SafetensorError as error:
        raise DamagedError(f"not a whole safetensors file: {error}") from None
    if header.get("sha256") != _digest(tensors):
        raise DamagedError("its contents do not match the sha256 in its header")
    try:
        tensors = quantised.unpacked(tensors, expected) | {name: tensors[name] for name in free}
    except ValueError as error:
        raise DamagedError(str(error)) from None
    for name in expected:
        if not torch.isfinite(tensors[name]).all():
            raise DamagedError(f"{name} holds values that are not numbers")
    return tensors, header


def figures(path: Path) -> Figures | None:
    """What a file of weights comes to, as its header says it; None where it is a file of something else.

    Raises as `about` does.
    """
    header = about(path)
    if header.get("kind") != "weights":
        return None
    size = path.stat().st_size
    try:
        with path.open("rb") as start, safetensors.safe_open(str(path), framework="pt") as file:
            length = size - 8 - int.from_bytes(start.read(8), "little")
            names = set(file.keys()) - {quantised.SCALES, quantised.OFFSETS}
            parameters = sum(math.prod(file.get_slice(name).get_shape()) for name in names)
    except safetensors.SafetensorError as error:
        raise DamagedError(f"not a whole safetensors file: {error}") from None
    pixels = _count(header.get("pixels"))
    return Figures(
        parameters=parameters,
        file_bytes=size,
        weights_bytes=length,
        bits_per_weight=8 * length / parameters if parameters else None,
        pixels=pixels,
        bits_per_pixel=8 * length / pixels if pixels else None,
        steps=_count(header.get("steps")),
        loss=_number(header.get("loss")),
        psnr=_number(header.get("psnr")),
        hidden=_number(header.get("hidden")),
    )


_TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16} | {
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
}


_Kind = tuple[torch.dtype | None, tuple[int, ...], str]  # a tensor in a file: type, shape, and both in its own words


def _kind(part: Any) -> _Kind:
    dtype, shape = part.get_dtype(), part.get_shape()
    return _TYPES.get(dtype), tuple(shape), f"{dtype} {shape}"


def _check(kinds: Mapping[str, _Kind], expected: Mapping[str, Tensor], bits: Any, any_rows: Collection[str]) -> None:
    """See that a file's tensors are those expected, as a file of so many bits holds them."""
    if bits is not None and bits not in quantised.BITS:
        raise DamagedError("its header names a number of bits that no file of ours has")
    extra = {quantised.SCALES, quantised.OFFSETS} & (kinds.keys() - expected.keys())
    if kinds.keys() - extra != set(expected):
        raise DamagedError("it holds the weights of another network")
    many = 0
    for name, tensor in expected.items():
        dtype, shape, words = kinds[name]
        rows = shape[:1] if name in any_rows and len(shape) == tensor.ndim else tuple(tensor.shape[:1])
        if shape != rows + tuple(tensor.shape[1:]) or dtype not in quantised.dtypes(tensor, bits):
            raise DamagedError(f"{name} is {words}, expected {tensor.dtype} {list(tensor.shape)}")
        many += quantised.rows(tensor.shape) if dtype != tensor.dtype and dtype == torch.uint8 else 0
    found = {name: kinds[name][:2] for name in extra}
    wanted = {quantised.SCALES: (torch.bfloat16, (many,)), quantised.OFFSETS: (torch.uint8, (many,))}
    if found != (wanted if many else {}):
        words = ", ".join(f"{name} {kinds[name][2]}" for name in sorted(extra)) or "none"
        raise DamagedError(f"it holds other scales and offsets than its {many} rows have: {words}")


def _count(value: Any) -> int | None:
    """A number of things from a stranger's header, where it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _number(value: Any) -> float | None:
    """A finite number from a stranger's header, where it is one."""
    return value if isinstance(value, float) and math.isfinite(value) else None


def _text(header: Mapping[str, Any]) -> str:
    """The header as it is written: one text for one header, with its own sha256 in it."""
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
    return json.dumps({**header, "header": sha}, sort_keys=True)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        sha.update(f"{name}\0{tensor.dtype}\0{list(tensor.shape)}\0".encode())
        if tensor.numel():  # torch does not take nothing for bytes
            sha.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()
