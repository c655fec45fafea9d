from .binding import Binder as Binder, SceneFiles as SceneFiles
from .canvas import Canvas as Canvas, Precision as Precision
from .document import (
    Entries as Entries,
    Mark as Mark,
    Node as Node,
    Plain as Plain,
    Scalar as Scalar,
    dump_yaml as dump_yaml,
    node_from_plain as node_from_plain,
    node_to_plain as node_to_plain,
    parse_yaml as parse_yaml,
    remove_node_at as remove_node_at,
    set_node_at as set_node_at,
)
from .file_names import FileName as FileName, clashes as clashes, output_files as output_files
from .loading import (
    SCENE_SUFFIXES as SCENE_SUFFIXES,
    Work as Work,
    load as load,
    load_text as load_text,
    load_work as load_work,
)
from .montage import Montage as Montage, MontageShot as MontageShot
from .motion import MAX_FRAMES as MAX_FRAMES, Camera as Camera, Film as Film
from .scene import NOT_THERE as NOT_THERE, LoadContext as LoadContext, Scene as Scene
from .scene_json import scene_from_json as scene_from_json, scene_to_json as scene_to_json
from .schema import scene_schema as scene_schema
from .seeds import (
    SEED_LIMIT as SEED_LIMIT,
    Cross as Cross,
    Mutation as Mutation,
    PlainSeed as PlainSeed,
    Seed as Seed,
    Walk as Walk,
    all_numbers as all_numbers,
    describe_seed as describe_seed,
    parse_seed as parse_seed,
    seed_to_plain as seed_to_plain,
)
