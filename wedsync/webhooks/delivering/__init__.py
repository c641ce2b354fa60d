"""Every delivery of an event to an endpoint, until it arrived or was given up.

| subject | where |
|---|---|
| made by the fan-out; cancelled | `service` |
| one event for one endpoint, to try it; sent again when asked | `samples`; `resending` |
| fetched instead of sent | `polling`, `positions` |
| sending, a drain's work | `sending`: `claiming`, `limits`, then `heads`, then `settling`, \
`verdicts`, `schedule` |
| lanes that sleep or idle; that nothing may leave by | `lanes`; `holding` |
| endpoints in trouble | `standing`, `failing` |
| what is let go of attempts | `retention` |
| what is left of deleted endpoints | `taking_away` |
| deliveries that kill who sends them | `deadly` |
| what happens to endpoints and deliveries, told as events | `operational` |
"""
