"""What any product like this needs and that knows nothing of weddings.

| subject | where |
|---|---|
| database | `db`, `ids`, `batch` (many rows in one statement), `plans` (walking along an index) |
| a batch that fails | `culprits` (which row to blame) |
| secrets at rest | `vault`, `crypto`, `leaves` (in a document), `rotation` (of their keys) |
| secrets in answers | `echoes` takes them out |
| the network | `outbound`, the one door; `smtp`, `mail` (our own, by an outbox); `retry_after` |
| waking and sharing work | `wake` (bells through Redis), `leases`, `schedule` |
| many effects at once | `window`, `effects`, `shares`; `rounds` on threads |
| what is read and said | `documents` (hostile JSON), `wording`, `clock`, `deadline` |
| pages | `forms`, `fragments`, `passing` (a sentence after a change), `assets` |
| a request | `identity` (who acts) |
| people at the same page | `presence` |
| a process | `runtime` (what it has one of), `garbage` (how seldom it is looked for) |
| one machine | `embedded`, private PostgreSQL and Redis |
"""
