"""One module for each concept, with what goes in and out of it. A view opens one door and calls one action."""
