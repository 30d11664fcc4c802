"""What people and workers do. One function, one transaction, one event in the record.

Every action is keyword-only, takes the Grant that a door of `cases.access` returned (it names the person, the `by`) and
the moment `at`, locks what it changes, raises a named `ActionError`, and writes its event last.
"""
