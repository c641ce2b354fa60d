"""The shapes of the API: what is asked (strict, no unknown fields) and what is answered."""
