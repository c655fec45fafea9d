"""Running scenes while somebody watches: bars, the picture, lines for machines, and stopping."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
