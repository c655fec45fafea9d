"""The conformance checks: whether a component does what its hook promises, for bundled plugins and all others.

``check(component)`` tries a component with its default options and yields one `Result` per promise.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from artengine.components import Component, Registry, default_registry, load_plugins
from artengine.errors import ArtengineError, InputError
from artengine.testing.activation_loss_checks import ACTIVATION_CHECKS, LOSS_CHECKS
from artengine.testing.cases import default
from artengine.testing.checks import Bench, BrokenError, Checks
from artengine.testing.dataset_checks import DATASET_CHECKS
from artengine.testing.filter_output_checks import FILTER_CHECKS, OUTPUT_CHECKS
from artengine.testing.source_network_checks import NETWORK_CHECKS, SOURCE_CHECKS
from artengine.testing.trainer_checks import TRAINER_CHECKS

CHECKS: Mapping[str, Checks] = {
    "source": SOURCE_CHECKS,
    "network": NETWORK_CHECKS,
    "activation": ACTIVATION_CHECKS,
    "loss": LOSS_CHECKS,
    "dataset": DATASET_CHECKS,
    "trainer": TRAINER_CHECKS,
    "filter": FILTER_CHECKS,
    "output": OUTPUT_CHECKS,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a check says of one promise; broken: how the component breaks it, None where it keeps it."""

    promise: str
    broken: str | None = None


def report(path: Path) -> tuple[list[str], int]:
    """Check everything that the plugin in a file offers: a line per promise, and how many are broken.

    Raises `InputError` where the file is no plugin.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file, expected a plugin (.py)")
    registry = default_registry((str(path),))
    plugin = next(plugin for plugin in registry.plugins.loaded if plugin.origin == str(path))
    lines = []
    failed = 0
    for kind, offer in plugin.offers.items():
        for name in offer:
            for result in check(registry.find(kind, name), registry):
                failed += result.broken is not None
                mark = "ok    " if result.broken is None else "FAILED"
                lines.append(
                    f"{mark}  {kind} {name}: {result.promise}" + (f": {result.broken}" if result.broken else "")
                )
    return lines, failed


def check(component: Component, registry: Registry | None = None) -> Iterator[Result]:
    """Try a component with its default options, and with sample photos where it needs some.

    A trainer or an output that is not for every picture refuses others with a `ValueError`, before its first report or
    file; it is tried with all networks there are then, those of its own plugin first, and a trainer with a photo, too.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(registry or Registry(load_plugins()), Path(folder))
        try:
            bound = default(component, bench)
        except (ArtengineError, BrokenError) as error:
            yield Result("works with its default options", str(error))
            return
        for promise, test in CHECKS[component.kind].items():
            try:
                test(bound, bench)
            except BrokenError as error:
                yield Result(promise, str(error))
            except Exception as error:  # noqa: BLE001, RUF100 - a third party's component may raise anything
                yield Result(promise, f"raised {type(error).__name__}: {error}")
            else:
                yield Result(promise)
