"""Listings: the manifests of connectors, built-in and partners', version by version, with review.

Nouns: a *listing* (one connector, owned by the organization that made it), its *versions* (each
with a manifest and a place in the review), *review messages* between partner and admins.
`service` writes, `queries` reads; `catalog` shows.
"""
