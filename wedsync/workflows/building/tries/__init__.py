"""Tries: what a draft would do, without doing it; and one step of it that really happens.

| subject | where |
|---|---|
| making tries | `service`; `offer`, the buttons |
| what a try came to | `tried`; `keeping`, what of it is kept |
| pretending | `pretending`; `tryable`, the finished part; `walking` through it; `would`, in words |
| one step, really | `wanted`, what it is given; `real_tries`, worked off by a drain |
"""
