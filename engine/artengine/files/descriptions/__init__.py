"""Where pictures, films and drawings keep a text about themselves, whoever saved them last."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
