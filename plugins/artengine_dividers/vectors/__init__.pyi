from . import outputs as outputs
