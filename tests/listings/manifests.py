"""A partner's manifest that can be listed, and what the editor's forms post for it."""

from typing import Any

SEATWELL: dict[str, Any] = {
    "slug": "seatwell",
    "name": "Seatwell table plans",
    "summary": "Table plans that follow the answers.",
    "icon": "armchair",
    "shelf": {
        "categories": ["guests"],
        "description": "Seats your guests as they answer.",
        "permissions": ["See guests and their answers", "Change tables", "Cannot see money"],
        "keywords": ["seating", "place cards"],
        "tried_against": "our own test account",
        "docs_url": "https://seatwell.example/guide",
        "support_url": "https://seatwell.example/help",
    },
    "auth": {
        "kind": "api_key",
        "fields": [{"name": "api_key", "title": "Seatwell key", "kind": "secret"}],
        "headers": {"Authorization": "Bearer {secret.api_key}"},
    },
    "base_url": "https://api.seatwell.example/v2",
    "account": {
        "request": {"method": "GET", "path": "/me"},
        "id_path": "id",
        "name_path": "name",
    },
    "actions": [
        {
            "key": "seat_guest",
            "label": "Seat a guest",
            "sentence": "Seat {guest} at {table}",
            "done": "Seated {guest}",
            "group": "Guests",
            "effect": "once",
            "input": {
                "type": "object",
                "properties": {
                    "guest": {"type": "string", "title": "Guest"},
                    "table": {"type": "integer", "title": "Table"},
                },
                "required": ["guest", "table"],
                "additionalProperties": False,
            },
            "output_sample": {"seat": 4},
            "request": {
                "method": "POST",
                "path": "/guests/{input.guest}/seat",
                "json": {"table": "{input.table}"},
            },
        }
    ],
    "hooks": {
        "scheme": "standard_webhooks",
        "setup": "by_hand",
        "instructions": "Paste the address under Settings.",
    },
    "triggers": [
        {
            "key": "seated",
            "label": "A guest is seated",
            "sentence": "When a guest is seated",
            "event_type": "guest.seated",
            "group": "Guests",
            "sample": {"guest": "Rosa Osei", "table": 7},
        }
    ],
}


def seatwell(**changes: Any) -> dict[str, Any]:
    """The manifest with some of its parts as they are given."""
    return {**SEATWELL, **changes}
