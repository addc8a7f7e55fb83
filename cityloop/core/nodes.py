"""YAML with line numbers: every scalar stays the text that was written (`NO`, `08:00`, `007`)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cityloop.core.problems import Problem, explain

Place = tuple[str | int, ...]
"""Keys and positions from the top of the file down to a value."""
DEEPEST = 40
Model = TypeVar("Model", bound=BaseModel)


class Document:
    """A YAML file as plain dicts, lists, texts; `None` where a value was left empty."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: Any = None
        self.lines: dict[Place, int] = {(): 1}
        self.problems: list[Problem] = []

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest thing around it."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]

    def refuse(self, place: Place, code: str, **facts: object) -> None:
        self.problems.append(Problem(self.name, self.line(place), dotted(place), code, facts))


def dotted(place: Place) -> str:
    """`calendars.default.week.mon`; positions in lists are left to the line number."""
    return ".".join(part for part in place if isinstance(part, str))


def decode(name: str, raw: bytes) -> tuple[str, Problem | None]:
    """UTF-8 with or without a byte order mark."""
    try:
        return raw.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return "", Problem(name, raw[: error.start].count(b"\n") + 1, "", "not_utf8")


def read(path: Path, name: str) -> Document:
    """Never raises for what stands in the file: see `problems` of the answer."""
    document = Document(name)
    text, problem = decode(name, path.read_bytes())
    if problem:
        document.problems.append(problem)
        return document
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 0
        document.problems.append(Problem(name, line, "", "yaml_syntax", {"reason": reason}))
        return document
    except yaml.YAMLError as error:  # a character that YAML does not allow
        document.problems.append(Problem(name, 0, "", "yaml_syntax", {"reason": str(error).splitlines()[0]}))
        return document
    if root is None:
        document.problems.append(Problem(name, 0, "", "yaml_empty"))
        return document
    document.data = _value(document, root, ())
    return document


def _value(document: Document, node: yaml.Node, place: Place) -> Any:
    document.lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > DEEPEST:
        document.refuse(place, "yaml_too_deep")
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, node, place)
    if isinstance(node, yaml.SequenceNode):
        return _sequence(document, node, place)
    assert isinstance(node, yaml.ScalarNode)
    return None if node.value == "" and node.style is None else node.value


def _mapping(document: Document, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(Problem(document.name, line, dotted(place), "key_not_text"))
            continue
        key: str = key_node.value
        inner = (*place, key)
        if key in found:
            facts = {"first": document.lines[inner]}
            document.problems.append(Problem(document.name, line, dotted(inner), "key_twice", facts))
            continue
        document.lines[inner] = line
        found[key] = _value(document, value_node, inner)
    return found


def _sequence(document: Document, node: yaml.SequenceNode, place: Place) -> list[Any]:
    return [_value(document, inner, (*place, position)) for position, inner in enumerate(node.value)]


# Into a model


def fit(document: Document, kind: type[Model]) -> Model | None:
    """What the document says, or None: all that does not fit has been added to its problems."""
    if document.data is None and document.problems:
        return None
    found = None
    try:
        found = kind.model_validate(document.data)
    except ValidationError as errors:
        for error in errors.errors():
            _refuse(document, error, kind)
    _refuse_empty(document, document.data, ())
    return None if document.problems else found


def _refuse(document: Document, error: Any, kind: type[BaseModel]) -> None:
    """One of pydantic's errors, at the place where the author wrote what is wrong."""
    place = _place(document.data, error["loc"])
    shown = (*place, str(error["loc"][-1])) if error["type"] == "missing" else place
    code, facts = explain(error, place, kind)
    problem = Problem(document.name, document.line(place), dotted(shown), code, facts)
    if problem not in document.problems:
        document.problems.append(problem)


def _refuse_empty(document: Document, data: Any, place: Place) -> None:
    """A value that was left empty, also where the schema has a default for it."""
    if isinstance(data, dict | list):
        for part, inner in data.items() if isinstance(data, dict) else enumerate(data):
            _refuse_empty(document, inner, (*place, part))
    elif data is None and len(place) <= DEEPEST:
        problem = Problem(document.name, document.line(place), dotted(place), "left_empty")
        if problem not in document.problems:
            document.problems.append(problem)


def _place(data: Any, loc: Iterable[str | int]) -> Place:
    """Pydantic's path without the parts that name alternatives of its own."""
    place: list[str | int] = []
    for part in loc:
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if inside:
            data = data[part]
            place.append(part)
    return tuple(place)
