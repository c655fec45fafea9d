"""artengine: write a scene, get a picture. Its public names stand in `__init__.pyi`, loaded when asked for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
