from . import recipe as recipe
from .pipeline import make_files as make_files, run as run
from .recipe import Recipe as Recipe
from .remaking import remaking_of as remaking_of
from .rows import put_away_the_rest as put_away_the_rest
from .runs import Weights as Weights
