"""Outputs of every temper, as a plugin."""

from __future__ import annotations

#: Outputs of every temper, each writing what it saw as text.
OUTPUTS = """
    import time
    import numpy as np
    from artengine import hookimpl

    def told(target, suffix, text):
        with target.create(suffix) as file:
            file.write(text.encode())
        return target.path(suffix)

    def whole(frames, target, /):
        for frame in frames:
            frame.image[:] += 0  # its own: nobody else minds
            yield told(target, ".whole", f"{frame.image.shape} {frame.image.mean():.6f}")

    def listed(frames, target, /):
        frames = list(frames)
        return [told(target, ".listed", f"{len(frames)} {frames[0].image.mean():.6f}")]

    def bands(frames, target, /):
        for frame in frames:
            bands = [band.copy() for band in frame.bands()]
            yield told(target, ".bands", f"{frame.shape} {np.concatenate(bands).mean():.6f}")

    def twice(frames, target, /):
        for frame in frames:
            for _ in (1, 2):
                for band in frame.bands():
                    pass
        return []

    def never(frames, target, /):
        return [told(target, ".never", "I know it all")]

    def shape(frames, target, /):
        for frame in frames:
            yield told(target, ".shape", f"{frame.shape} {frame.view.width}")

    def first(frames, target, /):
        for frame in frames:
            next(frame.bands())
            return []

    def changes(frames, target, /):
        for frame in frames:
            for band in frame.bands():
                band[:] = 0

    def late(frames, target, /):
        for frame in frames:
            time.sleep(0.2)
            with target.create(".png") as file:
                for band in frame.bands():
                    file.write(b"some")
            yield target.path(".png")

    def slow(frames, target, /, *, seconds: float = 0.2):
        for frame in frames:
            with target.create(".slow") as file:
                for band in frame.bands():
                    file.write(b"some")
                    file.flush()
                    time.sleep(seconds)
            yield target.path(".slow")

    def stubborn(frames, target, /):
        for frame in frames:
            bands = frame.bands()
            with target.create(".stubborn") as file:
                for _ in range(frame.shape[0]):
                    try:
                        next(bands)
                        file.write(b"more")
                        file.flush()
                    except Exception:
                        pass
        return []

    def fails(frames, target, /, *, kind: str = "ValueError", after: int = 1):
        for frame in frames:
            with target.create(".fails") as file:
                for number, band in enumerate(frame.bands(), start=1):
                    file.write(b"half of")
                    if number == after:
                        raise {"ValueError": ValueError, "OSError": OSError, "MemoryError": MemoryError,
                               "KeyError": KeyError}[kind]("no more of this")

    @hookimpl
    def register_outputs():
        return {one.__name__: one for one in (whole, listed, bands, twice, never, shape, first, changes, late, slow,
                                              stubborn, fails)}
    """
