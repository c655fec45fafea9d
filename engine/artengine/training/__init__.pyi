from . import enclosed as enclosed, weights as weights
from .centre import CentreWeight as CentreWeight, centre_weights as centre_weights
from .persistence import (
    Train as Train,
    Trained as Trained,
    train_to_file as train_to_file,
    trained_before as trained_before,
)
from .quantised import packed as packed, round_weights as round_weights
from .session import TrainingSession as TrainingSession, train as train
from .stages import (
    Measurement as Measurement,
    PlannedStage as PlannedStage,
    StepOutcome as StepOutcome,
    run_stages as run_stages,
)
from .target_image import TargetImage as TargetImage, pixel_middles as pixel_middles
from .threads import computing as computing
from .weights import Figures as Figures, figures as figures
