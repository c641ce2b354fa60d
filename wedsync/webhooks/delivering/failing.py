"""Endpoints that nothing arrives at for days: their owner is warned, a day later they are disabled.

Done by the clock, which is the database's. What is open stays due, untried, and goes on when the
endpoint is on again; nothing new is made for it meanwhile. One that has nothing waiting is not
warned of, nor one that stopped at a message in all its lanes: it waits for a person, and nothing is
tried. A warning does not hold any more when nothing was tried for two days: the endpoint may have
been mended, and the next failure begins the days anew (`standing`).
"""

from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.notices import service as notices
from wedsync.platform.vault import Vault
from wedsync.settings import Settings
from wedsync.webhooks.delivering import operational, standing

WARNED_AFTER, DISABLED_AFTER = "4 days", "5 days"
ABOUT = "endpoint"
FAILING, DISABLED = "failing", "disabled"

_CHANGE = (
    "UPDATE endpoints e SET {change} FROM (SELECT id FROM endpoints WHERE state = 'on'"
    " AND {condition} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) due WHERE e.id = due.id"
    " RETURNING e.id, e.organization_id, e.url, e.description, e.failing_since"
)
_IS_TRIED = f"last_failed_at >= clock_timestamp() - interval '{standing.QUIET_FOR}'"
# Nothing the planner could make a join of, which might read all that is due anywhere.
_DUE = (
    "SELECT d.lane FROM deliveries d WHERE d.organization_id = endpoints.organization_id"
    " AND d.endpoint_id = endpoints.id AND d.state = 'due'"
)
_STOPPED = (
    "ARRAY(SELECT d.lane FROM deliveries d WHERE d.endpoint_id = endpoints.id AND d.blocks_lane)"
)
_LOOKED_AT = 10_000
"""How much that is due is looked at for something that no lane has stopped at."""
_IS_WAITING = (
    f"CASE WHEN stops_at_failure THEN (SELECT d.lane FROM ({_DUE} LIMIT {_LOOKED_AT}) d"
    f"  WHERE d.lane <> ALL({_STOPPED}) LIMIT 1)"
    f" ELSE ({_DUE} LIMIT 1) END IS NOT NULL"
)
_WARN = text(
    _CHANGE.format(
        change="warned_at = clock_timestamp()",
        condition=f"failing_since <= clock_timestamp() - interval '{WARNED_AFTER}'"
        f" AND warned_at IS NULL AND {_IS_TRIED} AND {_IS_WAITING}",
    )
)
_DISABLE = text(
    _CHANGE.format(
        change="state = 'disabled', state_reason = 'failing', disabled_at = clock_timestamp()",
        condition=f"failing_since <= clock_timestamp() - interval '{DISABLED_AFTER}'"
        " AND warned_at <= clock_timestamp() - interval '1 day' AND last_failed_at > warned_at"
        f" AND {_IS_TRIED}",
    )
)
_TAKE_BACK = text(
    _CHANGE.format(
        change="warned_at = NULL", condition=f"warned_at IS NOT NULL AND NOT {_IS_TRIED}"
    )
)
_CODE = (
    "CASE WHEN e.state = 'disabled' THEN 'disabled'"
    " WHEN e.state = 'on' AND e.warned_at IS NOT NULL THEN 'failing' END"
)
_TO_CLOSE = text(
    "SELECT n.organization_id, n.about_id, n.code FROM notices n"
    " LEFT JOIN endpoints e ON e.organization_id = n.organization_id AND e.id = n.about_id"
    f" WHERE n.about_kind = :about AND n.closed_at IS NULL AND n.code IS DISTINCT FROM {_CODE}"
    " ORDER BY n.organization_id, n.about_id"
)
_TO_TELL = text(
    f"SELECT e.id, e.organization_id, e.url, e.description, e.state_reason, {_CODE} AS code"
    " FROM endpoints e WHERE (e.state = 'disabled' OR e.warned_at IS NOT NULL)"
    f" AND {_CODE} IS NOT NULL AND NOT EXISTS (SELECT FROM notices n"
    "  WHERE n.organization_id = e.organization_id AND n.about_kind = :about"
    f"  AND n.about_id = e.id AND n.code = {_CODE} AND n.closed_at IS NULL)"
    " ORDER BY e.organization_id, e.id"
)
_WORDS = {
    FAILING: (
        "Nothing has arrived at {name} for four days",
        "We go on trying for one more day. After that we stop, and keep what is waiting until "
        "somebody turns it on again.",
    ),
    DISABLED: (
        "{name} is no longer told anything",
        "Nothing has arrived there for five days, so we stopped. What is waiting is kept. When "
        "you turn it on again it is sent, and what happened meanwhile can be sent with a replay.",
    ),
    "gone": (
        "{name} is no longer told anything",
        "They answered that this address is gone, so we stopped, and what was waiting will not be "
        "sent. Correct the address and turn it on again; a replay sends what was missed.",
    ),
}


def look_after(connection: Connection, vault: Vault, settings: Settings) -> None:
    """Warn of endpoints and disable them when it is time, take back what does not hold any more,
    and keep their people told."""
    connection.execute(_TAKE_BACK)
    for row in _in_order(connection.execute(_WARN).all()):
        operational.about(connection, operational.FAILING, row, **_since(row))
    for row in _in_order(connection.execute(_DISABLE).all()):
        operational.about(connection, operational.DISABLED, row, reason="failing", **_since(row))
    _keep_people_told(connection, vault, settings)


def _keep_people_told(connection: Connection, vault: Vault, settings: Settings) -> None:
    for row in connection.execute(_TO_CLOSE, {"about": ABOUT}).all():
        notices.close(connection, row.organization_id, ABOUT, row.about_id, row.code)
    for row in connection.execute(_TO_TELL, {"about": ABOUT}).all():
        title, words = _WORDS["gone" if row.state_reason == "gone" else row.code]
        notices.tell(
            connection,
            vault,
            settings,
            row.organization_id,
            ABOUT,
            row.id,
            row.code,
            title=title.format(name=row.description or operational.origin(row.url)),
            words=words,
            path=f"/webhooks/endpoints/{row.id}",
        )


def _in_order(rows: Any) -> list[Row[Any]]:
    return sorted(rows, key=lambda row: row.id.bytes)


def _since(row: Row[Any]) -> dict[str, str]:
    return {"failing_since": row.failing_since.isoformat()}
