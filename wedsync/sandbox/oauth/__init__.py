"""The practice partner as an OAuth 2 authorization server, on Authlib's grants.

`grants` closes what Authlib leaves open: `plain` and missing PKCE at the authorization endpoint,
no detection of reuse, parallel redemption, tokens in plain text, and parameters that are taken from
the address where RFC 6749 wants them in the body.
"""
