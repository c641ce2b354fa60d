"""How runs, steps and waits are said to people.

| subject | where |
|---|---|
| a workflow, a run, a batch of runs | `workflow_words`, `run_words`, `batch_words` |
| what a run waits for | `waiting_words` |
| a wedding's dates | `wedding_words` |
| a step as a line of a list | `step_lines` |
| what a page is given of a step, and its values | `told`, `shown_values` |
| a text with values in it | `whole_texts` |
"""
