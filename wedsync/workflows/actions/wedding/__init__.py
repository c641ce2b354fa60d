"""The wedding's own record, as a workflow changes it."""
