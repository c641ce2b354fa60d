"""Stripe by a restricted key: customers, invoices and refunds; what it tells us by webhook."""
