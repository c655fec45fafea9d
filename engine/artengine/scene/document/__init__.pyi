from .editing import dump as dump, edit as edit, without as without
from .parsing import (
    MAX_BYTES as MAX_BYTES,
    MAX_DEPTH as MAX_DEPTH,
    Entries as Entries,
    Faulty as Faulty,
    Items as Items,
    Mark as Mark,
    Node as Node,
    Plain as Plain,
    Scalar as Scalar,
    describe_node as describe_node,
    from_plain as from_plain,
    parse as parse,
    plain as plain,
)
