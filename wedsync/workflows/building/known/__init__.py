"""What a step can read, as people call it, and what that is for a couple.

| subject | where |
|---|---|
| everything a step can read | `known_data`; `known_groups`, `data_items`, `wedding_items` |
| what certainly came before it | `reach` |
| finding it, using functions on it | `data_search`, `function_picker` |
| any expression in words | `pills` |
| how often what starts it happened | `happened` |
| examples | `samples`, `sample_events`, `made_up`; `working_out`, what steps give |
"""
