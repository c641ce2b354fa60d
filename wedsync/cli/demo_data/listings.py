"""What Petal offers in the demo: place cards, sent to the admins and not yet read."""

from typing import Any

from wedsync.listings import drafts
from wedsync.platform.identity import Identity

SLUG = "petal-cards"
_NOTE = "Our first one. We need the answers to know whose card to print."
_CARDS: dict[str, Any] = {
    "name": "Petal table cards",
    "summary": "A card for every guest who comes, printed and posted.",
    "icon": "cards",
    "shelf": {
        "categories": ["guests", "send"],
        "description": (
            "When a guest says yes, Petal sets a card with their name and table. You approve the "
            "proof; nothing is printed before."
        ),
        "permissions": [
            "See the names and tables a workflow gives it",
            "Order proofs, which you approve before anything is printed",
            "Cannot see allergies, money or messages",
        ],
        "keywords": ["place cards", "stationery", "printing", "calligraphy"],
        "works_with": ["Petal Practice"],
        "tried_against": "Petal's own test account; not yet tried against the live service",
        "docs_url": "https://petal.example/cards/guide",
        "support_url": "https://petal.example/help",
    },
    "auth": {
        "kind": "api_key",
        "fields": [
            {
                "name": "api_key",
                "title": "Petal key",
                "help": "In Petal under Settings, Keys.",
                "kind": "secret",
            }
        ],
        "headers": {"Authorization": "Bearer {secret.api_key}"},
    },
    "base_url": "https://api.petal.example/cards/v1",
    "account": {
        "request": {"method": "GET", "path": "/account"},
        "id_path": "id",
        "name_path": "business.name",
    },
    "actions": [
        {
            "key": "order_card",
            "label": "Order a card",
            "sentence": "Order a card for {guest} at {table}",
            "done": "Ordered a card for {guest}",
            "group": "Guests",
            "effect": "idempotent",
            "input": {
                "type": "object",
                "properties": {
                    "guest": {"type": "string", "title": "Guest"},
                    "table": {"type": "string", "title": "Table"},
                },
                "required": ["guest"],
                "additionalProperties": False,
            },
            "output_sample": {"id": "card_1", "state": "proof"},
            "request": {
                "method": "POST",
                "path": "/cards",
                "key_header": "Idempotency-Key",
                "json": {"guest": "{input.guest}", "table": "{input.table}"},
            },
        }
    ],
}


def offer(by: Identity) -> None:
    """Write Petal's listing and send it to the admins."""
    listing, version = drafts.create(by, _CARDS["name"], SLUG)
    version = drafts.save(by, listing.id, version.revision, _CARDS)
    drafts.submit(by, listing.id, version.revision, _NOTE)
