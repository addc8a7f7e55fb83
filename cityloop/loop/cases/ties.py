"""How a case is tied to others while a step is taken, and how a tie is taken away. Pure."""

from cityloop.loop.cases.draft import Draft, fields_of
from cityloop.loop.cases.rows import LinkRow
from cityloop.loop.cases.snapshot import Snapshot


def change_ties(draft: Draft, before: Snapshot) -> None:
    name, other, facts = draft.row.name, draft.facts.other, draft.facts
    live = [link for link in before.links if link.ended_at is None]
    if name in ("merge", "link") and other is not None:
        tie(draft, len(before.links) + 1, "duplicate_of" if name == "merge" else facts.link, other.id)
    elif name == "unmerge":
        untie(draft, *(link for link in live if link.kind == "duplicate_of"))
    elif name == "unlink" and other is not None:
        untie(draft, *(link for link in live if link.other_id == other.id))


def tie(draft: Draft, no: int, kind: str, other: int) -> None:
    link = LinkRow(draft.case.id, no, kind, other, draft.at, draft.actor)
    draft.told.append(("link", no, fields_of(link)))
    draft.links.append(link)


def untie(draft: Draft, *links: LinkRow) -> None:
    for link in links:
        draft.told.append(("link", link.no, {"ended_at": draft.at}))
        draft.links.append(link._replace(ended_at=draft.at))
