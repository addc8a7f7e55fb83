"""Who acts: a person through the posts held, or one of the system's own actors."""

from collections.abc import Iterable
from dataclasses import dataclass

from cityloop.core.errors import Denied


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post as its holder may use it. `area` None is the whole city; `organisation` None is no tie to one."""

    code: str
    axis: str
    permissions: frozenset[str]
    organisation: int | None = None
    area: int | None = None
    handles: bool = False
    """Acts only for assignments of its own organisation and those below it."""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """`key` is written into entries: `user:<id>`, `history` or `system`."""

    key: str
    name: str
    posts: tuple[HeldPost, ...] = ()
    trusted: bool = False
    """The system's own actors, which no permission binds."""

    def post_for(
        self, permission: str, areas: Iterable[int], organisations: Iterable[int], role: str = ""
    ) -> HeldPost | None:
        """The post under which this actor may do `permission` on a case.

        `areas` are the areas that hold the case; `organisations` the acting organisation and all above it; `role`: only
        a post of this role will do.
        None for a trusted actor, which needs no post; Denied where no post allows it.
        """
        if self.trusted:
            return None
        areas, organisations = set(areas), set(organisations)
        for post in self.posts:
            if permission not in post.permissions or (role and post.role != role):
                continue
            if post.area is not None and post.area not in areas:
                continue
            if post.handles and post.organisation not in organisations:
                continue
            return post
        raise Denied("permission_missing", permission=permission)

    def may(self, permission: str) -> bool:
        """Whether some post held carries `permission` at all."""
        return self.trusted or any(permission in post.permissions for post in self.posts)

    def require(self, permission: str) -> None:
        """Refuse unless some post held carries `permission` at all."""
        if not self.may(permission):
            raise Denied("permission_missing", permission=permission)


SYSTEM = Actor("system", "cityloop", trusted=True)
HISTORY = Actor("history", "history", trusted=True)
