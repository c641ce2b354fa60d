"""Messages that are fetched, as the API tells them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Query
from wedsync.webhooks.delivering.polling import Fetched

_LONGEST = 500


class MessageQuery(Query):
    limit: int = Field(default=50, ge=1, le=100, description="How many to answer with at most.")
    iterator: str | None = Field(
        default=None,
        min_length=1,
        max_length=_LONGEST,
        description="`iterator` of the answer before; without it, the first not acknowledged.",
    )


class AcknowledgeIn(Body):
    iterator: str = Field(
        min_length=1,
        max_length=_LONGEST,
        description="Everything up to here has arrived.",
        examples=["AUd2Zk1jZ0p4b3hQ"],
    )


class MessageOut(Answer):
    """The body that would be sent."""

    id: UUID = Field(description="The event's id; a message given again has the same.")
    type: str
    timestamp: datetime
    data: Any


class MessagePage(Answer):
    data: list[MessageOut]
    iterator: str = Field(description="Ask on from here, and acknowledge with it; opaque.")
    done: bool = Field(description="Whether nothing more waits at this moment.")


class Acknowledged(Answer):
    arrived: int = Field(description="How many messages this newly acknowledged.")


def message_page(fetched: Fetched) -> MessagePage:
    return MessagePage.model_validate(
        {
            "data": [message.body for message in fetched.messages],
            "iterator": fetched.iterator,
            "done": fetched.done,
        }
    )
