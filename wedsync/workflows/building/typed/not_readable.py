"""What somebody typed cannot be read as what it should be."""


class NotReadable(ValueError):
    """The message is a sentence for people."""
