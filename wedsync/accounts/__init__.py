"""People, organizations, and what lets either act.

Nouns: a *person* (`users`), an *organization* and a person's *membership* with its role, a
*sign-in* (a server-side session), an *invitation*, a *link* sent to a person's e-mail, a *knock*
(somebody asked for one), an *API key*.

| subject | where |
|---|---|
| who a request comes from | `sessions`, `api_keys`; `devices` in words |
| people and teams | `people`, `organizations`, `invitations`, `names` |
| passwords and secrets | `passwords`, `guessing` slows guesses down, `tokens` |
| e-mail to people | `mails`, `person_links`; `knocks` counts who asks for one |
| back in without a password | `recovery`, whose drain answers who asked |
| pages | `routes` (the door), `recovery_routes`, `settings_routes`, `forms` |
"""

from wedsync.accounts import (
    api_keys,
    invitations,
    organizations,
    people,
    recovery,
    recovery_routes,
    sessions,
    settings_routes,
)
from wedsync.accounts.routes import pages

__all__ = [
    "api_keys",
    "invitations",
    "organizations",
    "pages",
    "people",
    "recovery",
    "recovery_routes",
    "sessions",
    "settings_routes",
]
