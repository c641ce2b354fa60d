"""The pages of webhooks, in and out.

| subject | where |
|---|---|
| where they begin | `routes` |
| in | `hook_routes`, `hook_sample_routes`, `hook_forms`, `hook_words`, `scheme_words`; \
`connection_routes`, on a connection's page |
| out | `endpoint_routes`, `endpoint_forms`, `endpoint_words`, `endpoint_news`; `event_choices` to \
choose from |
| secrets of both; for partners | `secret_routes`; `guide_routes` |
| deliveries | `delivery_routes` |
| replays | `replay_routes`, `replay_forms`, `replay_words`; `replay_stories`, on an endpoint's |
"""
