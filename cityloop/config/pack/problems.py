"""A pack that cannot be used."""

from collections.abc import Sequence

from cityloop.core.problems import Problem


class PackErrors(Exception):
    """A pack that cannot be used; all that is wrong with it, in the order of its files."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
