from . import recipe as recipe
from .pipeline import making as making, run as run
from .recipe import Recipe as Recipe
