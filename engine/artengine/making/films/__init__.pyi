from .frames import Shot as Shot, reel_of as reel_of, shoot as shoot
from .moment import Seam as Seam
from .shots import Cutting as Cutting
