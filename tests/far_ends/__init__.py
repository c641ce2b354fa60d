"""Other people's software, and stand-ins for the far side of a wire, as separate processes."""
