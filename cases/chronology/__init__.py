"""The record in words: what somebody did, when, as whom, for the page and for the case file."""

from cases.chronology.entries import Entry, Line, entries, matter_numbers
from cases.chronology.sentences import SENTENCES, SHARED_ACTIONS, Sentence

__all__ = ["SENTENCES", "SHARED_ACTIONS", "Entry", "Line", "Sentence", "entries", "matter_numbers"]
