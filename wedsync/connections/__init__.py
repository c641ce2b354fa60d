"""Connections: an organization's authorised links to connectors.

Nouns: a *connection* (its account, settings, sealed credentials, state and reason), an
*authorization* (one visit to a provider's consent page, bound to who started it). `service`
connects and disconnects, `refreshing` keeps tokens fresh under an SQL lease, `access` opens a
connection for the call that needs it.
"""
