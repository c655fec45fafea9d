from . import weights as weights
from .quantised import packed as packed, round_weights as round_weights
from .threads import computing as computing
from .train import Describe as Describe, trained as trained
from .weights import Figures as Figures, figures as figures
