"""The main job, headless, against the running installation.

`main_job` goes from hop to hop, `script` asks the API for what is needed, `receiver` is the far
end on this machine, `hops` says what was seen and when.
"""
