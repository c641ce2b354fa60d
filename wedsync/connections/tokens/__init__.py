"""Tokens, renewed and given back: one refresh per rotation (`refreshing`, and when: `timing`), and
telling a provider that one is not needed any more (`revoking`).
"""
