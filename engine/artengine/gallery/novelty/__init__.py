"""Which of many pictures are dull or nearly the same, and the most different ones."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
