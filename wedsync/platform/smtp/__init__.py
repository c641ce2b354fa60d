"""Handing an e-mail to a server (RFC 5321), and knowing afterwards whether it may have left.

`compose()` writes a message that nothing typed into it can break out of · `send()` hands it to a
`Server` · `check()` says whether a server would let us in, without a message.

`Server` is where and how; `send` ends with `Sent`, with a `Refusal` (this server will never take
this message), or with the door's `Failure`: `not_sent` up to the final dot, `maybe` when the
connection ended or fell silent after it. All recipients get a message or none does. Sockets come
from the outbound door, and the whole conversation ends within its `timeout_s`. A password never
crosses a network in plain text.
"""

from wedsync.platform.smtp.addresses import Address, NotWritable, address_of, as_one_line
from wedsync.platform.smtp.composing import Message, compose
from wedsync.platform.smtp.outcomes import Refusal, Sent
from wedsync.platform.smtp.sending import check, send
from wedsync.platform.smtp.servers import Security, Server

__all__ = [
    "Address",
    "Message",
    "NotWritable",
    "Refusal",
    "Security",
    "Sent",
    "Server",
    "address_of",
    "as_one_line",
    "check",
    "compose",
    "send",
]
