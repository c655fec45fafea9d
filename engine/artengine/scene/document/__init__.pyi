from .editing import dump_yaml as dump_yaml, remove_node_at as remove_node_at, set_node_at as set_node_at
from .nodes import (
    Entries as Entries,
    Faulty as Faulty,
    Items as Items,
    Mark as Mark,
    Node as Node,
    Plain as Plain,
    Scalar as Scalar,
    describe_node as describe_node,
    node_from_plain as node_from_plain,
    node_to_plain as node_to_plain,
)
from .parsing import (
    MAX_BYTES as MAX_BYTES,
    MAX_DEPTH as MAX_DEPTH,
    decode_scene as decode_scene,
    parse_yaml as parse_yaml,
)
