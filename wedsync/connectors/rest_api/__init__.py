"""Any web service that knows us by a key."""
