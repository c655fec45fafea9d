from .component import dividers as dividers
from .module import Dividers as Dividers
from .partition import Divider as Divider, Numbers as Numbers, Partition as Partition, is_beyond as is_beyond
from .setting import Setting as Setting, setting_of as setting_of
