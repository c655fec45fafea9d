"""The checks of what comes after the network: filters and outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from artengine.components import ConfiguredComponent
from artengine.files import OutputTarget
from artengine.scene import output_files
from artengine.testing.cases import frames_for, small_image
from artengine.testing.checks import Bench, Checks, expect


def _gives_an_image(bound: ConfiguredComponent, bench: Bench) -> None:
    image = small_image()
    result = bound.make()(image)
    good = (
        isinstance(result, np.ndarray) and result.ndim == 3 and result.shape[2] in (1, 3) and result.dtype.kind == "f"
    )
    expect(
        good,
        f"gave {getattr(result, 'dtype', type(result))} {getattr(result, 'shape', '')}, expected floats (H, W, 3)",
    )
    expect(
        bool(np.isfinite(result).all()) and result.min() >= -1e-6 and result.max() <= 1 + 1e-6,
        "left the range of 0 to 1",
    )
    expect(np.array_equal(image, small_image()), "it changed its input in place")


def _writes_whole_files(bound: ConfiguredComponent, bench: Bench) -> None:
    out = bench.folder / "out"
    out.mkdir(exist_ok=True)
    refusals: list[ValueError] = []
    for frames in frames_for(bound, bench):
        target = OutputTarget(
            out, "made", '{"artengine": "test"}', fps=25.0 if bound.component.films else None, replacing=None
        )
        try:
            paths = [Path(path) for path in bound.make()(frames, target)]
        except ValueError as error:
            files = [path.name for path in out.iterdir()]
            expect(not files, f"raised ValueError: {error}; by then it had written {', '.join(files)}")
            refusals.append(error)
            continue
        expect(bool(paths), "named no file")
        for path in paths:
            expect(
                path.parent == out and path.is_file() and path.stat().st_size > 0,
                f"{path} is not a file in the output folder",
            )
            declared = output_files("made", [bound])
            said = bound.component.declares.writes is None or any(one.matches(path.name) for one in declared)
            expect(said, f"wrote {path.name}, expected what it declares: {', '.join(map(str, declared))}")
        files = [path.name for path in out.iterdir() if path not in paths]
        expect(not files, f"wrote files that it did not name: {', '.join(files)}; use target.create()")
        return
    raise refusals[0]


FILTER_CHECKS: Checks = {"gives an image": _gives_an_image}

OUTPUT_CHECKS: Checks = {"writes whole files": _writes_whole_files}
