"""The conversation that hands a message over, step by step (RFC 5321, 3)."""

import re

from wedsync.platform.deadline import Deadline
from wedsync.platform.outbound import Failure, NotConnected
from wedsync.platform.smtp.composing import Message
from wedsync.platform.smtp.conversation import Conversation, Ended, Reply
from wedsync.platform.smtp.outcomes import Refusal, Sent
from wedsync.platform.smtp.servers import Server

_WORDS = 200
_DOES_NOT_KNOW_US = frozenset({530, 534, 535})
_TOO_LARGE = 552
_UTF8 = ("SMTPUTF8", "BODY=8BITMIME")
_UNSURE = "The mail server had the whole message, and then"
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message)


def send(server: Server, message: Message, *, timeout_s: float) -> Sent | Refusal | Failure:
    """Hand `message` (of `compose`) to `server`, within `timeout_s` as a whole."""
    talk = Conversation(server, Deadline.after(timeout_s))
    try:
        _get_in(talk, server)
        return _handed_over(talk, message)
    except _Refused as refused:
        return refused.refusal
    except OSError as error:
        return _not_sent(error)
    except Ended as ended:
        return ended.failure
    finally:
        talk.leave()


def check(server: Server, *, timeout_s: float) -> Failure | None:
    """Why `server` does not let us in; None when it does. Nothing is sent."""
    talk = Conversation(server, Deadline.after(timeout_s))
    try:
        _get_in(talk, server)
    except OSError as error:
        return _not_sent(error)
    except Ended as ended:
        return ended.failure
    finally:
        talk.leave()
    return None


def _get_in(talk: Conversation, server: Server) -> None:
    """Greetings, TLS and a login, as `server` wants them. Raises Ended, OSError."""
    _expect(talk.open(), 220)
    _say_hello(talk)
    if server.security == "starttls" or (server.security == "offered" and not talk.is_private):
        _secure(talk, required=server.security == "starttls")
    if server.user:
        _sign_in(talk)


def _say_hello(talk: Conversation) -> None:
    code, said = talk.ehlo()
    if 500 <= code < 600:  # from before 1995
        code, said = talk.helo()
    _expect((code, said), 250)


def _secure(talk: Conversation, *, required: bool) -> None:
    if not talk.has_extn("starttls"):
        if required:
            raise Ended("tls_not_offered", "The mail server offers no secure connection here.")
        return
    talk.secure()
    _say_hello(talk)  # what was heard before may have been somebody in between (RFC 3207, 4.2)


def _sign_in(talk: Conversation) -> None:
    if not talk.is_private:
        raise Ended(
            "plain_text_refused",
            "The connection to the mail server is not secure, so no password is sent over it.",
        )
    reply = talk.authenticate()
    if 500 <= reply[0] < 600:
        raise Ended(
            "auth_refused", f"The mail server refused this name and password: {_words(reply)}"
        )
    _expect(reply, 235)


def _handed_over(talk: Conversation, message: Message) -> Sent | Failure:
    utf8 = _UTF8 if message.needs_utf8 else ()
    if utf8 and not talk.has_extn("smtputf8"):
        raise _Refused(
            "address_unsupported",
            "This mail server cannot carry an address with letters like ë before its @.",
        )
    content = message.flat()
    size = [f"size={len(content)}"] if talk.has_extn("size") else []
    sender = message.sender.spec
    reply = talk.mail(sender, [*size, *utf8])
    code = "message_refused" if reply[0] == _TOO_LARGE else "sender_refused"
    _accept(reply, 250, code, f"The mail server refused mail from {sender}")
    for recipient in message.recipients:
        said = f"The mail server refused mail to {recipient.spec}"
        _accept(_recipient(talk, recipient.spec), 250, "recipient_refused", said)
    return _content_sent(talk, _LEADING_DOT.sub(b"..", content), message.id)


def _recipient(talk: Conversation, recipient: str) -> Reply:
    code, said = talk.rcpt(recipient)
    return (250 if code == 251 else code), said  # 251: it will be forwarded


def _content_sent(talk: Conversation, content: bytes, message_id: str) -> Sent | Failure:
    said = "The mail server refused this message"
    _accept(talk.docmd("DATA"), 354, "message_refused", said)
    talk.send(content)
    # Up to here a server throws away what it has when the connection ends. From the dot on it may
    # have taken the message (RFC 5321, 4.2.5 and 6.1).
    try:
        talk.send(b".\r\n")
        reply = talk.getreply()
    except OSError as error:
        return _unsure(error)
    if reply[0] == 250:
        return Sent(message_id, _words(reply))
    if 400 <= reply[0] < 600:
        _accept(reply, 250, "message_refused", said)
    return Failure("maybe", "answer_invalid", f"{_UNSURE} said neither yes nor no.")


def _unsure(error: OSError) -> Failure:
    if _is_late(error):
        return Failure("maybe", "timeout", f"{_UNSURE} did not say in time whether it took it.")
    return Failure("maybe", "reset", f"{_UNSURE} hung up without saying whether it took it.")


def _not_sent(error: OSError) -> Failure:
    if isinstance(error, NotConnected):
        return error.failure
    if _is_late(error):
        return Failure("not_sent", "timeout", "The mail server did not answer in time.")
    return Failure("not_sent", "reset", "The mail server ended the conversation too early.")


def _is_late(error: OSError) -> bool:
    """Whether time ran out; smtplib says of everything that the server went away."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _expect(reply: Reply, code: int) -> None:
    """Raise Ended unless the server said `code`."""
    if reply[0] == code:
        return
    if reply[0] in _DOES_NOT_KNOW_US:
        raise Ended("auth_refused", f"The mail server asks who we are: {_words(reply)}")
    if 400 <= reply[0] < 600:
        raise Ended("try_later", f"The mail server does not take mail now: {_words(reply)}")
    raise Ended("answer_invalid", "What answers here does not speak as a mail server does.")


def _accept(reply: Reply, code: int, refusal: str, sentence: str) -> None:
    """Raise _Refused when the server said no for good, Ended when it said anything else but
    `code`."""
    if 500 <= reply[0] < 600 and reply[0] not in _DOES_NOT_KNOW_US:
        raise _Refused(refusal, f"{sentence}: {_words(reply)}")
    _expect(reply, code)


def _words(reply: Reply) -> str:
    """What the server said, as it can stand in a sentence of ours."""
    text = f"{reply[0]} {reply[1].decode('utf-8', 'replace')}"
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split())[:_WORDS]
