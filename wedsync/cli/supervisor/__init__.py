"""The processes of `wedsync up`: `programs` says which, `supervisor` keeps them running.

`preflight` refuses a start that cannot succeed; `child` is one process, `lines` what it says.
"""
