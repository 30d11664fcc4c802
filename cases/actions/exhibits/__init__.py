"""Exhibits: files taken in as evidence, and the chain of custody of each."""

from cases.actions.exhibits.checks import check_files, note_file_state, note_scan, scan_waiting
from cases.actions.exhibits.custody import hand_over, note_exhibit_taken
from cases.actions.exhibits.intake import Source, add_exhibit, take_in
from cases.actions.exhibits.uploads import abandon_upload, begin_upload, keep_whole, purge_uploads, send_whole

__all__ = [
    "Source",
    "abandon_upload",
    "add_exhibit",
    "begin_upload",
    "check_files",
    "hand_over",
    "keep_whole",
    "note_exhibit_taken",
    "note_file_state",
    "note_scan",
    "purge_uploads",
    "scan_waiting",
    "send_whole",
    "take_in",
]
