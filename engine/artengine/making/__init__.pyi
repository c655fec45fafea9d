from . import recipe as recipe
from .pipeline import make_files as make_files, run as run
from .recipe import Recipe as Recipe
from .remaking import remaking_of as remaking_of
from .runs import Weights as Weights
