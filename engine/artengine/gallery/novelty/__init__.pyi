from . import novelty as novelty
