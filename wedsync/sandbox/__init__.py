"""Petal Practice: the partner a vendor can practise with, where nothing is real.

A separate small app with OAuth2, an RSVP API, signed webhooks, an e-mail inbox and switches for
faults. It runs as a process of its own and imports nothing of the rest of `wedsync`; README.md
beside this file is its whole surface.

`practice` is the whole of it, over what `store` keeps: `guests`, the rest of the `desk`, the
`world` of the first day. `routes` answer, by `answers` and `refusals`, as badly as `faults` say;
`oauth`, `hooks` and `mail` are what their names promise. `app` puts it together, `settings` is
what it is told.
"""
