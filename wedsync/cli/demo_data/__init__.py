"""The demo: a believable day in the life of a few wedding businesses.

`businesses` are the organizations and their people, `couples` the weddings with the guests that
`guests` invites, `webhooks` and `automations` what Rosewood has connected, `season` what happens
around each wedding's day. `seeding.plant` writes
it all, through the services that people use. Dates are relative to the day it is planted.
"""
