"""Reads that span tables, one file per concept. Each starts at what the person may see."""
