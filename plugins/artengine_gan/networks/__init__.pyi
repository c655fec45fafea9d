from .component import dcgan as dcgan, generator as generator
from .dcgan_module import Dcgan as Dcgan
from .judge import Judge as Judge, judging_error as judging_error
from .latent_critic import LatentCritic as LatentCritic
from .latent_images import LatentImages as LatentImages
from .mapping import Mapping as Mapping
from .shape import dcgan_shape_of as dcgan_shape_of, shape_of as shape_of
