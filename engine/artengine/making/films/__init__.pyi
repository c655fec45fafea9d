from .film_frames import frame_cache_of as frame_cache_of, render_film as render_film
from .frame_cache import FilmFrame as FilmFrame, FrameCache as FrameCache
from .frame_renderer import FrameRenderer as FrameRenderer, Still as Still
from .loop_seam import LoopSeam as LoopSeam
from .montage_renderer import MontageRenderer as MontageRenderer
from .training_film import TrainingFilm as TrainingFilm
