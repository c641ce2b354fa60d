"""Petal Practice: the partner a vendor can practise with, where nothing is real.

A separate small app with OAuth2, an RSVP API, signed webhooks, an e-mail inbox and switches for
faults. It runs as a process of its own and imports nothing of the rest of `wedsync`; README.md
beside this file is its whole surface.
"""
