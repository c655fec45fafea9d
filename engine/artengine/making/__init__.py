"""From a scene to its files: trained, painted, written, and remembered in a recipe."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
