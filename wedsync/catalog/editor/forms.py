"""What is filled in to begin a listing."""

from wedsync.catalog.editor.fields import line
from wedsync.platform.forms import Form


class NewListingForm(Form):
    """The name and the address of a new listing."""

    name = line("Name", "What is it called?")
    slug = line("Address", "What should its address end in?")
