from .binder import Binder as Binder
from .models import RECORD as RECORD, REFERENCE as REFERENCE, model_of as model_of
