"""Calls beside those of runs: they keep to the same budgets, and come after the runs in line.

A look at an account comes last: it also leaves half of what a bucket holds.
"""

from uuid import UUID

from sqlalchemy import Engine

from wedsync.connections.limits import arithmetic, budgets
from wedsync.connections.limits.budgets import Asked, Budget, State
from wedsync.connections.limits.headers import Said, said_by
from wedsync.connectors.contract import Failed
from wedsync.connectors.manifest import Limits, Manifest
from wedsync.platform import clock
from wedsync.platform.outbound import Answer, Outcome

_LEAST_WAIT_S = 1.0


def wait_s(
    engine: Engine,
    organization_id: UUID,
    connection_id: UUID,
    manifest: Manifest,
    *,
    last: bool = False,
) -> float | None:
    """Take one call, in a transaction of its own; where there is none to take, in how many seconds
    it is worth asking again. `last`: a look that anything else goes before."""
    with engine.begin() as connection:
        budget = budgets.find(connection, organization_id, connection_id, manifest)
    return wait_s_of(engine, budget, last=last)


def wait_s_of(engine: Engine, budget: Budget | None, *, last: bool = False) -> float | None:
    """As `wait_s`, of a budget that was found before; None, where there is none, may always."""
    if budget is None:
        return None
    leaves = _half(budget) if last else 0
    asked = Asked(budget, 1, yields=True, leaves=leaves)
    with engine.begin() as connection:
        budgets.lock(connection, budget)
        taken = budgets.take(connection, [asked])[budget.connection_id]
    return None if taken.calls else _wait_s(taken.states, leaves)


def heard(
    engine: Engine,
    organization_id: UUID,
    connection_id: UUID,
    limits: Limits | None,
    outcome: Outcome | Failed | None,
) -> None:
    """Remember what an answer said of the limits, for everybody who calls over this connection."""
    said = None
    if isinstance(outcome, Answer):
        said = said_by(outcome, limits.headers if limits else None, clock.now())
    elif isinstance(outcome, Failed) and outcome.retry_after_s is not None:
        said = Said(outcome.retry_after_s)
    if said:
        with engine.begin() as connection:
            budgets.note(connection, [(organization_id, connection_id, said)])


def _half(budget: Budget) -> int:
    rate = budget.limits.connection if budget.limits else None
    return 0 if rate is None else int(arithmetic.pace_of(rate.calls, rate.seconds).burst / 2)


def _wait_s(states: tuple[State, ...], leaves: int) -> float:
    moments = [
        (arithmetic.goes_at(each.bucket, leaves + each.waiting, each.now) - each.now)
        for each in states
    ]
    return max([_LEAST_WAIT_S, *(each.total_seconds() for each in moments)])
