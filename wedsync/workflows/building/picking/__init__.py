"""What can be added: found by what people call it, made with sensible beginnings.

| subject | where |
|---|---|
| a step, what starts a workflow | `step_picker`, `trigger_picker` |
| other words for it, and typing mistakes | `finding` |
"""
