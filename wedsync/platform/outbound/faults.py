"""From libcurl's error to a `Failure`: may the far end have acted, and what to tell a person."""

import errno

import pycurl

from wedsync.platform.outbound.messages import Failure, Timings

NOT_FOUND = "The name of this address could not be found."
NOT_FOUND_IN_TIME = "The name of this address could not be looked up in time."
NOT_READY_IN_TIME = "The connection was not ready in time."
NOBODY_LISTENS = "Nothing is listening at this address."
NOT_REACHED = "This address could not be reached."

ABORTED = "aborted"
WANTED_NO_MORE = "We ended this ourselves, as nobody wanted it any more."

_TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
    }
)
_NOT_HTTP = frozenset(
    {
        pycurl.E_FTP_WEIRD_SERVER_REPLY,  # CURLE_WEIRD_SERVER_REPLY by its old name
        pycurl.E_UNSUPPORTED_PROTOCOL,  # an answer without a status line (HTTP/0.9)
    }
)
_TOO_LARGE = 100  # CURLE_TOO_LARGE, which pycurl has no name for

# Part of OpenSSL's reason, and what it means to a person.
_CERTIFICATE = (
    ("has expired", "The certificate of this address has expired."),
    ("not yet valid", "The certificate of this address is not valid yet."),
    ("self-signed", "The certificate of this address is not signed by a known authority."),
    ("unable to get local issuer", "The certificate of this address is not signed by a known "
     "authority, or the one in between is missing."),
    ("subject name", "The certificate of this address is for another name."),
    ("mismatch", "The certificate of this address is for another name."),
)  # fmt: skip


def before_sending(curl_code: int, detail: str, os_errno: int, timings: Timings) -> Failure:
    """The request never left: no connection came about."""
    if curl_code == pycurl.E_OPERATION_TIMEDOUT:
        code, message = "connect_timeout", NOT_READY_IN_TIME
    elif curl_code in _TLS:
        code, message = "tls_failed", certificate(detail)
    elif curl_code in (pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL):
        code, message = "url_refused", "This is not a valid web address."
    elif os_errno == errno.ECONNREFUSED:
        code, message = "connect_failed", NOBODY_LISTENS
    else:
        code, message = "connect_failed", NOT_REACHED
    return Failure("not_sent", code, message, timings)


def after_sending(curl_code: int, detail: str, timings: Timings) -> Failure:
    """The request may have arrived, whole or in part."""
    if curl_code == pycurl.E_OPERATION_TIMEDOUT:
        code, message = "timeout", "No full answer came in time."
    elif curl_code in _NOT_HTTP:
        code, message = "answer_invalid", "What came back is not a valid HTTP answer."
    elif curl_code == _TOO_LARGE or "Too large" in detail:
        code, message = "answer_too_large", "The head of the answer is too large."
    else:
        code, message = "reset", "The connection ended before a full answer came."
    return Failure("maybe", code, message, timings)


def certificate(detail: str) -> str:
    """What is wrong with a certificate, from OpenSSL's or libcurl's reason."""
    for part, message in _CERTIFICATE:
        if part in detail:
            return message
    return "A secure connection to this address could not be made."
