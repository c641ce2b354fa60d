"""What people type, read kindly or refused with a sentence, and shown as they would type it.

| subject | where |
|---|---|
| numbers and money, days | `typed_amounts`, `typed_days` |
| times, moments, plans that repeat | `typed_times`, `typed_moments`, `typed_schedules` |
| texts with data in them | `texts_with_data` |
| why not | `not_readable` |
"""
