"""What becomes of a message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took the message: it is answerable for it now. `answer` are its words."""

    message_id: str
    answer: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """This server does not take this message, and would not another time.

    | code | the server said no (5xx) to |
    |---|---|
    | `sender_refused` | the address it comes from |
    | `recipient_refused` | an address it goes to |
    | `message_refused` | its content or its size |
    | `address_unsupported` | nothing yet: it cannot carry an address that is not in ASCII |

    Beside the door's own codes (`outbound.Failure`), an attempt that is worth another one fails
    with `try_later` (a 4xx answer), `auth_refused`, `plain_text_refused` (a password and no TLS),
    `tls_not_offered`, or `answer_invalid` (no SMTP server), each `not_sent`.
    """

    code: str
    message: str
