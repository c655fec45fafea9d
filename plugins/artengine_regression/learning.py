"""Image regression: the learning itself."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine import Loss, Picture, Progress, View

TELL = 20  # steps between two reports; asking for the loss more often would hold up the work
PATIENCE = 0.5  # seconds after which a report comes in any case: whoever waits can stop the work only then
SAMPLE = 1024  # pixels that the PSNR is estimated on while learning


def learn(
    picture: Picture, photo: np.ndarray[Any, Any], losses: Sequence[Loss], *, steps: int, batch: int, rate: float
) -> Iterator[Progress]:
    """Fit the picture's network to a photo, (H, W, 3) in [0, 1], seen from straight above.

    Goes on from `picture.resume` if there is something in it, to the same weights as if it had never stopped.
    """
    height, width = photo.shape[:2]
    colours = torch.from_numpy(photo.reshape(-1, 3)).to(picture.device, picture.dtype)
    if picture.channels == 1:
        colours = colours.mean(dim=1, keepdim=True)
    coordinates = picture.coordinates(View(width=width, height=height)).reshape(len(colours), -1)
    sample = torch.linspace(0, len(colours) - 1, min(SAMPLE, len(colours)), device=picture.device).long()

    optimiser = torch.optim.Adam(picture.network.parameters(), lr=rate, betas=(0.9, 0.99), fused=True)
    generator = torch.Generator().manual_seed(picture.scene.seed)
    done = 0
    if picture.resume:
        done = picture.resume["step"]
        optimiser.load_state_dict(picture.resume["optimiser"])
        generator.set_state(picture.resume["generator"])

    def step() -> Tensor:
        for group in optimiser.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * done / steps))
        chosen = torch.randint(len(colours), (batch,), generator=generator).to(picture.device)
        prediction = picture.to_unit(picture.network(coordinates[chosen]))
        loss = torch.stack([loss(prediction, colours[chosen]) for loss in losses]).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
        return loss.detach()

    def state() -> dict[str, Any]:
        return {"step": done, "optimiser": optimiser.state_dict(), "generator": generator.get_state()}

    while done < steps:
        with one_thread():
            late = time.monotonic() + PATIENCE
            while True:
                loss = step()
                done += 1
                if done % TELL == 0 or picture.due(done, steps) or done == steps or time.monotonic() > late:
                    break
            part = slice(None) if done == steps else sample
            decibels = psnr(picture, coordinates[part], colours[part])
        yield Progress(step=done, steps=steps, loss=float(loss), psnr=decibels, state=state)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread of the processor for a while.

    Steps this small take 2.5 ms instead of 4 on two, but many times as long where another program wants a core. And the
    weights are the same bytes however many cores there are.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def psnr(picture: Picture, coordinates: Tensor, colours: Tensor) -> float:
    """Decibels of the clipped prediction against the colours, both (N, C); the training does not notice."""
    network = picture.network
    training = network.training
    network.eval()
    squares = 0.0
    with torch.inference_mode():
        for x, y in zip(torch.split(coordinates, 65_536), torch.split(colours, 65_536), strict=True):
            prediction = picture.to_unit(network(x)).clamp(0, 1)
            squares += float((prediction - y).square().sum(dtype=torch.float64))
    network.train(training)
    return -10 * math.log10(max(squares / colours.numel(), 1e-12))
