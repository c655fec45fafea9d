"""What was found and what was expected, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, get_args, get_origin

from artengine.components import kind_of, media_of, with_article
from artengine.errors import did_you_mean
from artengine.scene.document import Entries, Items, Node, Scalar, describe_node


def complaints(errors: Iterable[Any], node: Node) -> Iterator[tuple[Node, list[str], str]]:
    """Every node of which pydantic complains, the keys that lead there, and a message of what was found and expected.

    The members of a union each complain; the first is the plainest. A record is named beside it where the sort of
    value is wrong, not its size.
    """
    by_place: dict[tuple[str, ...], tuple[Node, list[Any]]] = {}
    for error in errors:
        place, at = node_at(node, error["loc"])
        by_place.setdefault(tuple(at), (place, []))[1].append(error)
    for keys, (place, of_place) in by_place.items():
        records = [error for error in of_place if error["type"] == "is_instance_of"]
        plainest = next((error for error in of_place if error not in records), of_place[0])
        expected = expected_by_pydantic(plainest, place)
        if records and plainest["type"].endswith("_type"):
            expected += f" or {expected_by_pydantic(records[0], place)}"
        yield place, list(keys), f"found {describe_node(place)}, expected {expected}"


def node_at(node: Node, loc: Iterable[int | str]) -> tuple[Node, list[str]]:
    """The node that a pydantic location means, as near as it can be found, and the keys that lead there."""
    at: list[str] = []
    for step in loc:
        if isinstance(node, Entries) and step in node.entries:
            node = node.entries[str(step)][1]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            break
        at.append(str(step))
    return node, at


def expected_by_pydantic(error: Any, node: Node) -> str:
    """What pydantic expected, in plain words."""
    context = error.get("ctx", {})
    match error["type"]:
        case "int_type" | "int_from_float":
            return "a whole number"
        case "float_type":
            return "a number"
        case "finite_number":
            return "a finite number"
        case "bool_type":
            return "true or false"
        case "string_type":
            return "a text"
        case "string_pattern_mismatch":
            return f"a text of the form {context['pattern']}"
        case "list_type":
            return "a list"
        case "dict_type" | "mapping_type":
            return "a mapping"
        case "is_instance_of":
            return str(context["class"])  # which `options_model` has worded
        case "too_short" | "too_long":
            least, most = context.get("min_length"), context.get("max_length")
            return f"a list of at least {least}" if most is None else f"a list of at most {most}"
        case "greater_than":
            return f"more than {_number(context['gt'])}"
        case "greater_than_equal":
            return f"at least {_number(context['ge'])}"
        case "less_than":
            return f"less than {_number(context['lt'])}"
        case "less_than_equal":
            return f"at most {_number(context['le'])}"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return one_of([word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")], node)
    return str(error["msg"][0].lower() + error["msg"][1:])


def _number(limit: float) -> str:
    return str(int(limit)) if limit == int(limit) and abs(limit) < 1e15 else str(limit)


def one_of(words: list[Any], node: Node) -> str:
    """A choice of words, with the one that is near to what was found."""
    allowed = list(map(str, words))
    near = did_you_mean(str(node.value), allowed) if isinstance(node, Scalar) else ""
    return (f"one of {', '.join(allowed)}" if len(allowed) > 1 else repr(allowed[0])) + near


def expected_by_annotation(annotation: Any) -> str:
    """What a missing option takes, for the message that says it is missing."""
    kind, _ = kind_of(annotation)
    if kind:
        return with_article(kind)
    if media := media_of(annotation):
        return f"the path of a {media}"
    if get_origin(annotation) is list:
        return f"{expected_by_annotation(get_args(annotation)[0])}, or a list"
    if get_origin(annotation) is Annotated:
        return expected_by_annotation(get_args(annotation)[0])
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(annotation, "a value")
