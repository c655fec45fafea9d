from . import galleries as galleries
from .builder import Order as Order
from .sweeps import Sweep as Sweep, seeds_of as seeds_of
from .trials import Compared as Compared
