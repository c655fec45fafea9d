from . import galleries as galleries
from .builder import GalleryOptions as GalleryOptions
from .sweeps import Sweep as Sweep, parse_seeds as parse_seeds
from .trials import TrialsCompared as TrialsCompared
