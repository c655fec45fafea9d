from .compiled_scorer import CompiledScorer as CompiledScorer
from .greedy import Search as Search, SearchConfig as SearchConfig, downscale_factors as downscale_factors
from .means import region_means as region_means
from .scorer import SplitScorer as SplitScorer
from .target import Centre as Centre, Lesson as Lesson, Synthetic as Synthetic, lesson as lesson
from .tensor_scorer import TensorScorer as TensorScorer
