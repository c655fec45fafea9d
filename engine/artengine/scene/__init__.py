"""From a text to a scene: frozen data in which every mistake has come to light."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
