"""Forms: the shape of what a person sends. Rules belong to the actions; no form saves."""
