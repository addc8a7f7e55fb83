"""Planted overlaps, gaps and escapes are found with their area, and nothing else is."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.ground.places.metres import square_metres
from cityloop.ground.places.seams import holes, overlaps, seam_errors
from places.random_ground import squares, star


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 7), st.integers(3, 7), st.data())
def test_what_is_planted_is_found_with_its_area_and_nothing_else(width: int, height: int, data: st.DataObject) -> None:
    children = squares(width, height)
    parents = [shapely.union_all(children[: width * (height - 1)]), shapely.union_all(children[width * (height - 1) :])]
    of = [0] * (width * (height - 1)) + [1] * width
    assert seam_errors(parents, children, of) == []
    lost = data.draw(st.integers(0, len(children) - 1))
    gone = np.delete(children, lost)
    (gap,) = seam_errors(parents, gone, np.delete(of, lost))
    assert (gap.kind, gap.children, gap.parent) == ("gap", (), of[lost])
    assert gap.area_m2 == pytest.approx(square_metres([children[lost]])[0])
    assert gap.shape.equals(children[lost])
    west, south, east, north = children[0].bounds
    wider = children.copy()
    wider[0] = shapely.box(west - (east - west) / 4, south, east + (east - west) / 2, north)
    overlap, escape = seam_errors(parents, wider, of)
    assert (overlap.kind, overlap.children, escape.kind, escape.children, escape.parent) == (
        "overlap", (0, 1), "escape", (0,), 0,
    )  # fmt: skip
    cell = float(square_metres([children[0]])[0])
    assert [overlap.area_m2, escape.area_m2] == [pytest.approx(cell / 2), pytest.approx(cell / 4)]


def test_the_tolerance_is_in_m2_and_a_child_of_another_parent_escapes() -> None:
    children = squares(2, 1)
    moved = children.copy()
    moved[1] = shapely.transform(children[1], lambda points: points - [1e-6, 0])  # 8.5 cm over 100 m: 8.5 m2
    assert overlaps(moved, tolerance_m2=9) == []
    assert [error.area_m2 for error in overlaps(moved, tolerance_m2=8)] == [pytest.approx(8.5, abs=0.1)]
    assert {error.kind for error in seam_errors(children, children, [1, 0])} == {"gap", "escape"}
    assert seam_errors([], children, [-1, -1]) == []


def test_no_shapes_are_one_gap_and_each_hole_is_told_by_itself_the_largest_first() -> None:
    whole = star(4, 1000)
    assert [error.area_m2 for error in holes(whole, [])] == [pytest.approx(square_metres([whole])[0])]
    cells = squares(5, 5)
    left = holes(shapely.union_all(cells), [cell for i, cell in enumerate(cells) if i not in {6, 7, 18}])
    assert [round(error.area_m2, -4) for error in left] == [20_000, 10_000]
    assert overlaps([]) == []
    assert overlaps([None, shapely.Polygon()]) == []
