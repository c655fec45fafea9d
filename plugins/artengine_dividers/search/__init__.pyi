from .board import Board as Board, CompiledBoard as CompiledBoard
from .region_means import means as means
from .searching import Quest as Quest, Search as Search, levels as levels
from .target import Centre as Centre, Lesson as Lesson, Synthetic as Synthetic, lesson as lesson
from .vectorised import TensorBoard as TensorBoard
