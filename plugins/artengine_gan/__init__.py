"""Draw faces, teach two networks to invent more of them, and do sums with faces."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from artengine import Dataset, hookimpl
from artengine_gan import datasets


@hookimpl
def register_datasets() -> Mapping[str, Callable[..., Dataset]]:
    """Faces that nobody has photographed."""
    return {"drawn_faces": datasets.DrawnFaces}
