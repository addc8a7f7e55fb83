"""What pack.yaml says of grids and of outlines."""

from typing import Annotated

from pydantic import Field

from cityloop.core.fields import Code, Strict


class WorkloadSpec(Strict):
    """What a collector's work in a unit grid is made of, in any unit: for itself, for each kilometre of road, for each
    object and for each past case."""

    grid: Annotated[float, Field(ge=0)] = 1.0
    road_km: Annotated[float, Field(ge=0)] = 5.0
    object: Annotated[float, Field(ge=0)] = 0.1
    case: Annotated[float, Field(ge=0)] = 0.2


class GridSpec(Strict):
    """`size_m`: the side of a unit grid in metres when `cityloop pack derive` lays a new one."""

    size_m: Annotated[float, Field(ge=10, le=10_000)] = 100.0
    workload: WorkloadSpec = WorkloadSpec()


class Boundary(Strict):
    """Polygons of one level. `code`, `name`, `parent` are names of GeoJSON properties."""

    file: Annotated[str, Field(min_length=1)]
    code: Annotated[str, Field(min_length=1)]
    name: str = ""
    parent: str = ""
    scheme: Code = "division"
    crs: str = "EPSG:4326"
