"""What runs ask people: who is asked, by page and e-mailed link, and what they answer.

| subject | where |
|---|---|
| answering | `approvals` |
| who may, and who is written to | `approval_people`, `approval_letters`; `approval_bounds` |
| reading | `approval_queries`; `team_questions`, for Today |
| what pages tell | `approval_story`, `approval_words` |
"""
