"""Any web service whose owner signs in there and agrees (OAuth2)."""
