"""The case file: content → layout → typesetting → a PDF."""
