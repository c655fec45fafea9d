"""The frames of films: painted or read from a cache, one by one, and put together from several shots."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
