"""The pages of workflows and of what they did.

| subject | where |
|---|---|
| workflows | `routes`, `gallery_routes`; `connection_routes`, what uses a connection |
| templates of one's own | `template_routes`, `template_forms` |
| the builder | `builder_routes`; `builder_pages`, `builder_state`, what is shown |
| what of it differs | `builder_parts`; `builder_lede`, in words; `builder_beside`, the panel |
| branches that were folded | `builder_folds` |
| what is pressed in it | `builder_gestures`; `builder_data`, in conditions and pickers |
| choosing and connecting in it | `builder_choices`; `connecting`, `connecting_routes` |
| two people at it | `company_routes` |
| trying it | `try_routes` |
| drafts and versions | `draft_routes`, `draft_forms`, `version_routes` |
| runs | `run_routes`, `repair_forms`; `rerun_routes`, many again |
| answers | `looking_routes`: why not, and how a workflow does |
| questions | `approval_routes`, `approval_forms` |
| weddings and messages | `wedding_routes`, `message_rule_routes` |
"""

from wedsync.workflows.views import (
    approval_routes,
    builder_routes,
    company_routes,
    connecting_routes,
    connection_routes,
    draft_routes,
    gallery_routes,
    looking_routes,
    message_rule_routes,
    rerun_routes,
    run_routes,
    template_routes,
    try_routes,
    version_routes,
    wedding_routes,
)
from wedsync.workflows.views.routes import pages

__all__ = [
    "approval_routes",
    "builder_routes",
    "company_routes",
    "connecting_routes",
    "connection_routes",
    "draft_routes",
    "gallery_routes",
    "looking_routes",
    "message_rule_routes",
    "pages",
    "rerun_routes",
    "run_routes",
    "template_routes",
    "try_routes",
    "version_routes",
    "wedding_routes",
]
