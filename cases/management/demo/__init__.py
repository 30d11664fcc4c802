"""The demo: fictional people, the DPRK case from public facts, and a fictional case with work on it today."""
