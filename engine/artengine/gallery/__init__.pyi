from . import galleries as galleries
from .builder import GalleryOptions as GalleryOptions
from .sweep_values import parse_seeds as parse_seeds
from .sweeps import Sweep as Sweep
from .trials import TrialsCompared as TrialsCompared
