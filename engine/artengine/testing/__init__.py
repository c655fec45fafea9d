"""Checks for plugins, for `artengine test-plugin` and for test-suites of their authors."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
