"""What a workflow names by id, as questions: accounts, webhooks, and people of the team."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from wedsync.accounts.models import Membership, User
from wedsync.connections.models import Connection
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.workflows.editing.references import Reference, references
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip
from wedsync.workflows.ready_made.own.leaving_out import is_own
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion, Place
from wedsync.workflows.ready_made.own.possible_question import (
    ACCOUNT,
    LONGEST_TEXT,
    MISSING,
    WHO,
    Looked,
    Possible,
    key_of,
)
from wedsync.workflows.ready_made.recipe import Kind


def questions(looked: Looked) -> Iterator[Possible]:
    """A question for each, in reading order."""
    yield from _Named(looked).found()


class _Named:
    """Looks through one definition."""

    def __init__(self, looked: Looked) -> None:
        self._looked = looked

    def found(self) -> Iterator[Possible]:
        """The accounts, hooks and people of the team that it names."""
        found = [each for each in references(self._looked.definition) if is_own(each.kind)]
        accounts = self._accounts(found)
        slugs = [slug for _, slug in accounts.values()]
        for each in found:
            if each.kind == "connection":
                yield from self._account(each, accounts, slugs)
            elif each.kind == "hook":
                name = self._hook_name(each.id)
                title = "Which webhook starts it?" if each.step is None else "Which webhook?"
                yield _question(each, "hook", title, name, ACCOUNT, is_always=True)
            else:
                yield self._person(each)

    def _account(
        self, each: Reference, accounts: Mapping[str, tuple[str, str]], slugs: Sequence[str]
    ) -> Iterator[Possible]:
        name, slug = accounts.get(each.id, ("", self._connector_of(each)))
        if not slug:
            return
        connector = self._connector_name(slug)
        title = f"Which {connector} account?"
        if slugs.count(slug) > 1:
            title = f"Which {connector} account, for “{self._looked.called(each.step)}”?"
        yield _question(each, "connection", title, name, ACCOUNT, is_always=True, connector=slug)

    def _person(self, each: Reference) -> Possible:
        name = self._member_name(each.id)
        whom = "Who is asked next" if "then_ask" in each.path else "Who is asked"
        made = _question(each, "person", f"{whom} at “{self._looked.called(each.step)}”", name, WHO)
        place = Place(path=each.path[:-1])
        return replace(made, question=made.question.model_copy(update={"places": (place,)}))

    def _accounts(self, found: Iterable[Reference]) -> Mapping[str, tuple[str, str]]:
        """The name and connector of each account, by its id as it is written."""
        wanted = {each.id: ids.read(each.id) for each in found if each.kind == "connection"}
        rows = db.session.execute(
            select(Connection.id, Connection.name, Connection.slug).where(
                Connection.organization_id == self._looked.organization_id,
                Connection.id.in_([each for each in wanted.values() if each]),
            )
        )
        known = {row.id: (row.name, row.slug) for row in rows}
        return {written: known[own] for written, own in wanted.items() if own in known}

    def _connector_of(self, each: Reference) -> str:
        """The connector of an account that is gone, by the action that used it."""
        use = mapping(self._looked.steps.get(str(each.step))).get("use")
        return use.partition(".")[0] if isinstance(use, str) and use in self._looked.entries else ""

    def _connector_name(self, slug: str) -> str:
        names = (
            each.connector_name for each in self._looked.entries.values() if each.connector == slug
        )
        return next(names, slug)

    def _hook_name(self, written: str) -> str:
        query = select(Hook.name).where(
            Hook.organization_id == self._looked.organization_id, Hook.id == ids.read(written)
        )
        return db.session.scalar(query) or ""

    def _member_name(self, written: str) -> str:
        query = (
            select(User.name)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.organization_id == self._looked.organization_id,
                User.id == ids.read(written),
            )
        )
        return db.session.scalar(query) or ""


def _question(
    each: Reference,
    kind: Kind,
    title: str,
    now: str,
    rank: int,
    *,
    is_always: bool = False,
    connector: str | None = None,
) -> Possible:
    question = OwnQuestion(
        key=key_of(kind, each.id),
        kind=kind,
        title=clip(title, LONGEST_TEXT),
        missing=MISSING[kind],
        connector=connector,
        places=(Place(path=each.path, prefix=each.prefix),),
    )
    return Possible(question, now, is_own=True, is_always=is_always, rank=rank)
