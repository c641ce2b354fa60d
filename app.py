"""The Flask application, for tools that look for one here: `flask --app app routes`.

The servers start elsewhere: `wedsync up`, or `wedsync web` and `wedsync worker` one by one.
"""

from wedsync.factory import create_app

app = create_app()
