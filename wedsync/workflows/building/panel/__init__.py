"""The settings of a step as fields of a form, and what was typed in them as changes of the draft.

| subject | where |
|---|---|
| fields to show | `fields`; `field`, one of them; `field_choices`, what it offers |
| choosing at the account | `account_choices` |
| which fields there are | `sheets`; `field_specs`, by kind; `input_fields`, of actions |
| what was typed | `field_writing`; `typed_values`, `typed_rows` |
"""
