"""One URL, one short view, one template."""
