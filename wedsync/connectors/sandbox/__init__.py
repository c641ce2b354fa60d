"""Petal Practice, the partner to practise with (`wedsync.sandbox` is its far end)."""
