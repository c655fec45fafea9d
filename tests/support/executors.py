"""Executors that work in this process, which saves the seconds that a fresh one takes to import torch."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Generator, Iterable
from typing import Any

from artengine.gallery import items
from artengine.workers.pool import Item, ItemResult
from artengine.workers.process import _answer, _failure


class InProcess:
    """An executor without processes; what it gives, and its errors, are put in words as those of a process are.

    made: the names of the items it has worked on. before: called with each name, before the work. function: what a
    worker does.
    """

    def __init__(
        self,
        before: Callable[[str], object] = lambda name: None,
        function: Callable[[dict[str, Any]], object] = items.make_item,
    ) -> None:
        self.made: list[str] = []
        self._before = before
        self._function = function

    def work(self, todo: Iterable[Item], /) -> Generator[ItemResult, None, None]:
        for item in todo:
            self.made.append(item.name)
            try:
                self._before(item.name)
                line = _answer(self._function, json.dumps(dict(item.data)).encode())
            except Exception as error:
                line = _failure(error)
            yield ItemResult(item, **json.loads(line), seconds=0.1)


def in_process(function: str, jobs: int, **options: object) -> InProcess:
    """What is to be put in the place of `Workers` where the processes are not what is tested."""
    module, _, name = function.partition(":")
    return InProcess(function=getattr(importlib.import_module(module), name))
