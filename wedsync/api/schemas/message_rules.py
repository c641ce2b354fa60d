"""What may be sent to the people of a wedding, as the API tells it."""

from datetime import time
from typing import Any

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body
from wedsync.workflows.running.message_rules import MOST_A_DAY, Rules

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_FROM: Any = Field(
    pattern=_CLOCK,
    description="By the clocks at the wedding; the same as `quiet_until` for none.",
    examples=["21:00"],
)


class MessageRulesIn(Body):
    messages_a_day: int = Field(ge=1, le=MOST_A_DAY, examples=[3])
    quiet_from: str = _FROM
    quiet_until: str = Field(pattern=_CLOCK, examples=["08:00"])
    on_the_day: bool = Field(examples=[False], description="Whether on the wedding day too.")

    def rules(self) -> Rules:
        return Rules(
            self.messages_a_day,
            time.fromisoformat(self.quiet_from),
            time.fromisoformat(self.quiet_until),
            self.on_the_day,
        )


class MessageRulesOut(Answer):
    messages_a_day: int = Field(
        description="The most that workflows send about one wedding on one of its days."
    )
    quiet_from: str
    quiet_until: str
    on_the_day: bool


def message_rules_out(rules: Rules) -> MessageRulesOut:
    return MessageRulesOut(
        messages_a_day=rules.messages_a_day,
        quiet_from=f"{rules.quiet_from:%H:%M}",
        quiet_until=f"{rules.quiet_until:%H:%M}",
        on_the_day=rules.on_the_day,
    )
