"""Facts about chains: addresses, amounts, readings. Knows no user, no case, no page."""
