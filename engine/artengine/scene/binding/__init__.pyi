from .binder import Binder as Binder
from .models import RECORD as RECORD, REFERENCE as REFERENCE, options_model as options_model
from .scene_files import SceneFiles as SceneFiles
