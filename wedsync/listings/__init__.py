"""Listings: the manifests of connectors, built-in and partners', version by version, with review.

Nouns: a *listing* (one connector, owned by the organization that made it), its *versions* (each
with a manifest and a place in the review), *review messages* between partner and admins.

| subject | where |
|---|---|
| what partners do | `drafts` (write, send in), `shelf` (take off, put back, the OAuth client) |
| what admins do | `review`; `differences` says what changed, `checks` what a machine found |
| ours | `built_in` publishes the connectors' folders |
| what connections pin | `manifests`, a version's; `clients`, who we are at the far end |
| reading | `queries` |
"""
