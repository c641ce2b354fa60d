"""The log of accepted facts. It knows no listener: the fan-out reads it and tells others.

Nouns: an *event* (type, source, data, when), its *causation* (what led to it). `service.publish`
accepts one, `queries` reads them, `returning` knows those that somebody sends back to us,
`as_trigger` is how expressions see one, `types` says which names are ours alone,
`meanings` what ours mean.
"""
