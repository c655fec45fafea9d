"""How near a camera comes to a photo that is learnt, in the photo's own pixels."""

from __future__ import annotations

import math

import numpy as np

from artengine.media import Photo
from artengine.scene import Scene
from artengine.view import View

MOMENTS = 241  # of a film at which its camera is looked at


def describe_closeness(scene: Scene) -> str:
    """Words about a camera that is zoomed in until the photo has fewer pixels there than the picture; else none.

    What a training learns is its option `target`, one photo or several, of which the finest counts; where it has an
    option `downscale` too, of so many of its pixels a side only their average.
    """
    options = scene.training.options if scene.training else {}
    target = options.get("target")
    photos = [one for one in (target if isinstance(target, list) else [target]) if isinstance(one, Photo)]
    pixels = max((min(photo.pixels.shape[:2]) for photo in photos), default=0) / options.get("downscale", 1)
    view, moves = _nearest_view(scene)
    columns, rows = (side * view.pitch * pixels / 2 for side in (view.width, view.height))  # a photo spans two units
    if not pixels or view.zoom <= 1 or columns >= view.width:
        return ""
    averages = " averaged" if options.get("downscale", 1) > 1 else ""
    seen = f"{math.ceil(columns):,} x {math.ceil(rows):,} of the{averages} pixels that it has learnt"
    nearest = ", at its nearest," if moves else ""
    return (
        f"the camera{nearest} sees {seen} on {view.width:,} x {view.height:,}: what is finer, the network has made up"
    )


def _nearest_view(scene: Scene) -> tuple[View, bool]:
    """What the camera sees where it is nearest, and whether it moves."""
    if scene.film is None or scene.motion.camera is None:
        return scene.view, False
    times = np.linspace(0, scene.film.duration, MOMENTS).tolist()
    return max(map(scene.view_at, times), key=lambda view: view.zoom), True
