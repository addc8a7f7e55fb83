"""What a pack says of its layers: classes of things that stand in the city, and what is known of each."""

from typing import Annotated, Any, Literal

from pydantic import Field

from cityloop.core.fields import Code, Names, Strict
from cityloop.ground.registry.objects import LayerData


class AttributeSpec(Strict):
    """One attribute of a layer's objects; `choices` are the only words that it may be."""

    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    name: str = ""
    names: Names = {}
    choices: list[str] = []
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False

    def schema_(self, code: str) -> dict[str, Any]:
        """The same as JSON Schema, titles by language beside it."""
        told: dict[str, Any] = {"type": "string" if self.type == "date" else self.type, "title": self.name or code}
        if self.type == "date":
            told["format"] = "date"
        if self.choices:
            told["enum"] = self.choices
        limits = {"minimum": self.minimum, "maximum": self.maximum}
        told |= {name: value for name, value in limits.items() if value is not None}
        return told | ({"titles": self.names} if self.names else {})


class LayerSpec(Strict):
    """A layer of pack.yaml. `class_code`: digits between the city's code and the running number; `strata`: where
    somebody has to answer for its objects; `managed`: for every spot of them, above the fallback."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    names: Names = {}
    geometry: Literal["point", "line", "polygon"] = "point"
    group: Annotated[str, Field(max_length=40)] = ""
    icon: Annotated[str, Field(max_length=60)] = ""
    public: bool = False
    categories: list[Code] = []
    strata: Annotated[list[Literal["on", "under", "above"]], Field(min_length=1)] = ["on"]
    managed: bool = False
    class_code: Annotated[str, Field(pattern=r"^[0-9]{0,8}$")] = ""
    attributes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)], AttributeSpec] = {}

    def data(self, code: str, position: int) -> LayerData:
        schema = {
            "type": "object",
            "properties": {name: spec.schema_(name) for name, spec in self.attributes.items()},
            "required": sorted(name for name, spec in self.attributes.items() if spec.required),
            "additionalProperties": False,
        }
        return LayerData(
            code, self.name, self.names, self.geometry, self.group, schema, self.icon, self.public,
            tuple(self.categories), self.class_code, position, tuple(self.strata), self.managed,
        )  # fmt: skip
