"""Mail of our own to people: rows in an outbox, sent by a drain to `MAIL_URL`.

`outbox.post` writes a message in the caller's transaction; `sending` carries it out later, again
and again until the server takes it. A message is sealed until it is sent or given up, and emptied
then: it may hold a link that opens something.
"""
