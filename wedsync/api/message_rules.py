"""`/message-rules`: what keeps people of a wedding from too many messages."""

from wedsync.api.resources import Resource
from wedsync.api.schemas.message_rules import (
    MessageRulesIn,
    MessageRulesOut,
    message_rules_out,
)
from wedsync.platform import identity
from wedsync.workflows.running import message_rules as service

message_rules = Resource(
    "Message rules", "How many messages workflows send about a wedding, and at which hours."
)


@message_rules.get("/message-rules", answer=MessageRulesOut)
def get_message_rules() -> MessageRulesOut:
    """Read what holds; the defaults where nobody chose."""
    return message_rules_out(service.rules_of(identity.organization_id()))


@message_rules.put("/message-rules", body=MessageRulesIn, answer=MessageRulesOut)
def replace_message_rules(body: MessageRulesIn) -> MessageRulesOut:
    """Let other rules hold, from the next message on."""
    return message_rules_out(service.change(identity.current(), body.rules()))
