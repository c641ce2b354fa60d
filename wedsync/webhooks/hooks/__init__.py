"""In: addresses senders post to.

| subject | where |
|---|---|
| a hook: made, changed, known by the front, what it refused | `service` |
| what came: where its data lies; what is masked of its headers | `incoming`; `shown_headers` |
| trying one; how much comes; what is let go | `samples`; `traffic`; `retention` |
| the hook of a connection; telling the partner of it, a drain's work | `of_connections`; \
`subscribing` |
"""
