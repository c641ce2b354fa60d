"""Boards and panels of drafts as a person of the team sees them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from flask import g

from tests.personas import Persona
from tests.workflows.definitions import make_workflow
from wedsync.errors import Invalid
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.board.board import board
from wedsync.workflows.building.board.board_parts import Board, BoardStep, Repair
from wedsync.workflows.building.board.open_panel import panel
from wedsync.workflows.building.board.panel_parts import Opened, Panel
from wedsync.workflows.building.board.setting import Setting, setting_of
from wedsync.workflows.editing import drafts

LETTER = {"id": "letter", "kind": "action", "use": "smtp.send", "input": {}}


@contextmanager
def acting(app: APIFlask, somebody: Persona) -> Iterator[None]:
    """A request of this person."""
    with app.test_request_context():
        g.identity = somebody.identity
        yield


@dataclass(frozen=True, slots=True)
class Looking:
    """A person who looks at a draft. Another `definition` than the one that is kept is looked at
    without being kept, since some cannot be."""

    app: APIFlask
    somebody: Persona
    flow: UUID
    definition: Any = None

    @contextmanager
    def setting(self, chosen: str | None = None) -> Iterator[Setting]:
        with acting(self.app, self.somebody):
            workflow = queries.get_workflow(self.somebody.organization_id, self.flow)
            draft = drafts.look_at(workflow)
            if self.definition is not None:
                db.session.expunge(workflow)
                workflow.draft = self.definition
            yield setting_of(draft, self.somebody.identity, chosen)

    def board(self, opened: Opened | None = None, chosen: str | None = None) -> Board:
        with self.setting(chosen) as setting:
            return board(setting, opened)

    def panel(
        self,
        step: str | None,
        field: str = "",
        pick: str = "",
        query: str = "",
        function: str = "",
        *,
        form: Mapping[str, str] | None = None,
        refused: Invalid | None = None,
        problem: str = "",
    ) -> Panel | None:
        opened = Opened(step, field, pick, query, function)
        with self.setting() as setting:
            return panel(setting, opened, form, refused, problem)


def looking(app: APIFlask, somebody: Persona, definition: Any) -> Looking:
    """Somebody looks at a new draft."""
    return Looking(
        app, somebody, make_workflow(app, somebody.organization_id, definition, publish=False)
    )


def every_step(steps: tuple[BoardStep, ...]) -> Iterator[BoardStep]:
    """The steps and those inside them, in reading order."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from every_step(branch.steps)


def by_id(board: Board) -> dict[str, BoardStep]:
    return {step.id: step for step in every_step(board.steps)}


def repairs(board: Board, step: str | None = None) -> list[Repair]:
    """What is offered for a step, for the start where it is None."""
    return [each for problem in board.problems if problem.step == step for each in problem.repairs]


def words_of(found: list[Repair]) -> list[str]:
    """What the buttons say."""
    return [repair.words for repair in found]
