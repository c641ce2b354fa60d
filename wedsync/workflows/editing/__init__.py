"""Workflows as people make them: drafts, what changed, publishing, versions, copies elsewhere.

| subject | where |
|---|---|
| publishing, on, off, limits | `service`; `recording` who did it |
| drafts | `drafts`, `draft_operations`; `draft_log`, `patches`; `draft_queries`, also of versions |
| what changed, in words | `differences`; `branches`, `field_words` |
| what stands in the way | `checking`, `references`, `calls`, `poll_checks`, `address_checks` |
| who uses a connection or a hook; taking one away | `connection_users`; `parting` |
| from here to elsewhere | `exporting`, `importing` |
"""
