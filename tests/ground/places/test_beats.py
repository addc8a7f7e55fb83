"""Beats are connected, balanced, compact, and the same for the same seed."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.core.errors import Refused
from cityloop.ground.places.beats import Design, design, measure
from places.random_ground import squares


def hang_together(cells: Any, found: Design) -> bool:
    """Whether each beat is one polygon: the union of cells that meet in a corner only is two."""
    return all(
        shapely.union_all(cells[found.assignment == part]).geom_type == "Polygon"
        for part in range(found.assignment.max() + 1)
    )


@settings(max_examples=12, deadline=None)
@given(st.integers(12, 20), st.integers(12, 20), st.integers(8, 14), st.integers(0, 10**6))
def test_beats_on_a_lattice_are_connected_and_within_115_hundredths(
    width: int, height: int, each: int, seed: int
) -> None:
    cells = squares(width, height)
    load = np.random.default_rng(seed).uniform(0.6, 1.4, len(cells))
    count = len(cells) // each
    found = design(cells, load, count, seed)
    assert set(found.assignment.tolist()) == set(range(count))
    assert hang_together(cells, found)
    loads = np.bincount(found.assignment, load)
    assert loads.max() / loads.mean() == pytest.approx(found.figures.worst)
    assert (found.figures.worst <= 1.15, found.balanced, found.figures.connected) == (True, True, True)
    assert found.figures.compactness > 0.55
    assert (design(cells, load, count, seed).assignment == found.assignment).all()


def test_thousands_of_cells_become_hundreds_of_beats() -> None:
    cells = squares(71, 71)
    found = design(cells, np.random.default_rng(1).uniform(0.5, 1.5, len(cells)), 500)
    assert hang_together(cells, found)
    assert (found.balanced, found.figures.worst <= 1.15, len(found.figures.parts)) == (True, True, 500)
    assert found.figures.compactness > 0.6


def test_islands_get_their_share_and_too_few_beats_are_refused() -> None:
    cells = np.concatenate([squares(8, 8), squares(4, 8, column=100_020)])
    found = design(cells, np.ones(96), 9)
    assert (len(set(found.assignment[:64].tolist())), len(set(found.assignment[64:].tolist()))) == (6, 3)
    assert hang_together(cells, found)
    with pytest.raises(Refused) as refused:
        design(cells, np.ones(96), 1)
    assert (refused.value.code, refused.value.facts["islands"]) == ("beats_too_few", 2)
    for count in (0, 97):
        with pytest.raises(Refused, match="unit grids"):
            design(cells, np.ones(96), count)


def test_a_corner_is_no_border() -> None:
    cells = squares(2, 2)[[0, 3]]
    assert [part.pieces for part in measure(cells, [1, 1], [5, 5]).parts] == [2]
    with pytest.raises(Refused):
        design(cells, [1, 1], 1)


def test_where_one_cell_is_too_heavy_the_bound_says_what_can_be_had() -> None:
    cells, load = squares(6, 6), np.ones(36)
    load[14] = 20
    found = design(cells, load, 6)
    assert found.bound == pytest.approx(20 / (55 / 6))
    assert found.figures.worst >= found.bound - 1e-9
    assert found.balanced == (found.figures.worst <= found.bound + 1e-9)
    uneven = design(squares(10, 1), np.ones(10), 4)
    assert [uneven.bound, uneven.figures.worst] == pytest.approx([1.2, 1.2])
    assert uneven.balanced


def test_present_beats_are_measured_and_mended_by_few_moves() -> None:
    cells, load = squares(12, 12), np.ones(144)
    present = np.array([(x // 4) + 3 * (y // 4) for y in range(12) for x in range(12)])
    shown = measure(cells, load, present)
    assert shown.worst == pytest.approx(1)
    assert (shown.connected, shown.left_out) == (True, 0)
    assert shown.compactness == pytest.approx(np.pi / 4, rel=0.01)
    assert design(cells, load, 9, current=present).moved == 0
    present[12 * 4 + 4] = 0  # meets beat 0 in a corner only
    broken = measure(cells, load, present)
    assert ([part.pieces for part in broken.parts].count(2), broken.connected) == (1, False)
    again = design(cells, load, 9, current=present)
    assert again.figures.connected
    assert again.moved is not None
    assert again.moved < 0.9
    present[0] = -1
    assert measure(cells, load, present).left_out == 1


def test_loads_must_be_numbers_and_no_load_at_all_counts_cells() -> None:
    cells = squares(4, 4)
    assert sorted(part.cells for part in design(cells, np.zeros(16), 4).figures.parts) == [4, 4, 4, 4]
    for load in ([1.0], [-1.0] * 16, [np.nan] * 16):
        with pytest.raises(ValueError, match="load"):
            design(cells, load, 2)


@pytest.mark.parametrize("seed", range(3))
def test_a_village_amid_its_fields_goes_with_them(seed: int) -> None:
    """Each of 24 villages of six cells has one neighbour, its field."""
    lattice, cells = squares(60, 40).reshape(40, 60), []
    for number in range(24):
        row, column = 10 * (number // 6), 10 * (number % 6)
        inside = lattice[row + 4 : row + 6, column + 4 : column + 7].ravel().tolist()
        field = shapely.union_all(lattice[row : row + 10, column : column + 10])
        cells += [shapely.difference(field, shapely.union_all(inside)), *inside]
    found = design(cells, np.random.default_rng(seed).uniform(0.5, 1.5, len(cells)), 8)
    assert (found.figures.connected, found.figures.worst <= 1.15) == (True, True)
