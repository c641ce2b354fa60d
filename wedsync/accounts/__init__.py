"""People, organizations, and what lets either act.

Nouns: a *person* (`users`), an *organization* and a person's *membership* with its role, a
*sign-in* (a server-side session), an *invitation*, a *link* sent to a person's e-mail, a *knock*
(somebody asked for one), an *API key*.
Entry points: `sessions.load` and `api_keys.find` say who a request comes from, `organizations`
who is in a team, `mails` what we write to people, `recovery.Answering` the drain that answers who
forgot their password, `pages` what they see of it.
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
