"""Every text of the window, in one place: what a translator needs, and nobody else has to look at.

Names in braces are filled in by the presenter. An ampersand stands before the letter that, with Alt, presses
the button.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` is slow to load, and this module is needed for the first paint
if TYPE_CHECKING:
    from typing import Final

PROGRAM: Final = "NexusLIMS Logger"

# Titles of the window: they are what the task bar shows.
TITLE_STARTING: Final = "Starting - {program}"
TITLE_ASKING: Final = "{program}"
TITLE_RUNNING: Final = "{counts} - {instrument}"
TITLE_ENDING: Final = "Ending {counts} - {instrument}"
TITLE_DONE: Final = "Done - {instrument}"
TITLE_UNKNOWN: Final = "Unknown computer - {program}"
TITLE_NO_DATABASE: Final = "Waiting for the database - {program}"
TITLE_FAILED: Final = "Not started - {program}"
TITLE_DEMO: Final = "{title} (demo)"
TITLE_COUNTS: Final = "{done}/{total}"
MARK_TROUBLE: Final = "! {title}"
MARK_QUESTION: Final = "? {title}"

# Starting
STARTING: Final = "Starting the session"
STARTING_STATE: Final = "One moment"
STARTING_DETAIL: Final = "Your session counts from the moment you opened this window."
QUESTION_STATE: Final = "A question waits for you"
STEP_JOURNAL: Final = "Open the journal on this PC"
STEP_RECOVERY: Final = "Look for earlier sessions"
STEP_INSTRUMENT: Final = "Find the instrument of this computer"
STEP_SESSION: Final = "Record the start"
CLOSING_STATE: Final = "Putting everything down before closing."

# Running
PART_OF: Final = "Part of the session of {user}"
USER_SINCE: Final = "{user}, since {time}"
SINCE: Final = "Since {time}"
USER_PROJECT: Final = "{user} ({project})"
NOTE_LINE: Final = "Note: {note}"
NOTE_ELSEWHERE: Final = "The note is written at the other computer."
NO_FILES_YET: Final = "No new files yet"
COUNTS: Final = "{done} of {total} files, {bytes_done} of {bytes_total}"
COUNTS_ONE: Final = "{done} of 1 file, {bytes_done} of {bytes_total}"
RATE: Final = "{rate}/s"
CHECKED: Final = "Last complete check {time}"
NOT_CHECKED: Final = "No complete check yet"
CHECKING: Final = "Checking, {count} files so far"

# The one line of state
END_ASKED: Final = "Ending the session"
PAUSE_ASKED: Final = "Pausing the session"
PROBLEM: Final = "{title}; nothing is lost"
PROBLEM_DETAIL: Final = "Since {time}. {detail}"
OFFLINE: Final = "Waiting for the database since {time}; nothing is lost"
OFFLINE_DETAIL: Final = (
    "You can go on working. The session stays on this PC and is sent by itself when the database answers. The cause is "
    "in the log."
)
LOOKING: Final = "Looking for new files"
SENDING: Final = "Sending {done} of {total} files"
SENDING_LEFT: Final = "Sending {done} of {total} files, {left} left"
UNDER_WAY: Final = "{name}: {done} of {total}"
UNDER_WAY_READING: Final = "{name}: reading, {done} of {total}"
VERIFYING: Final = "Comparing every file with the store"
COMING: Final = "{count} new files, sent as soon as they are complete"
COMING_ONE: Final = "1 new file, sent as soon as it is complete"
WAITING_ONE: Final = "Waiting for {name}: {reason}"
WAITING_MORE: Final = "Waiting for {count} files, first {name}: {reason}"
WAITING_COUNT: Final = "{count} files wait to be sent"
WAITING_COUNT_ONE: Final = "1 file waits to be sent"
STALE: Final = "The last complete check was at {time}, {ago} ago"
NOTHING_NEW: Final = "Ready. New files are sent by themselves"
WATCHED: Final = "What is saved in {folders} belongs to this session."
ALL_STORED: Final = "All {total} files are stored"
ALL_STORED_ONE: Final = "The file is stored"
ALL_IN_CLOUD: Final = "All {total} files are safe in the cloud"
ALL_IN_CLOUD_ONE: Final = "The file is safe in the cloud"
BEING_RECORDED: Final = "The session is being recorded."
MISSING: Final = "{count} files were gone before they could be sent."
MISSING_ONE: Final = "1 file was gone before it could be sent."
UNASSIGNED: Final = "{count} files changed while no session ran; they belong to none."
UNASSIGNED_ONE: Final = "1 file changed while no session ran; it belongs to none."
LEFT_OVER: Final = "{count} files of earlier sessions are still being sent."
LEFT_OVER_ONE: Final = "1 file of an earlier session is still being sent."

LEFT_OUT: Final = "{count} files were left out."
LEFT_OUT_ONE: Final = "1 file was left out."
LEFT_OUT_SHORT: Final = ", {count} left out"
MISSING_SHORT: Final = ", {count} gone"
UNASSIGNED_OPEN: Final = "Whose are these {count} files?"
UNASSIGNED_OPEN_ONE: Final = "Whose is this file?"
UNASSIGNED_OPEN_DETAIL: Final = "Changed while no session ran; not sent until somebody says whose."
UNASSIGNED_NOT_SENT: Final = "{count} files that changed while no session ran were not sent."
UNASSIGNED_NOT_SENT_ONE: Final = "1 file that changed while no session ran was not sent."
NAME_MISSING: Final = "Who is working?"
NAME_MISSING_DETAIL: Final = "The session runs, on this PC; the database hears of it with your name."
QUIET_LINE: Final = "Nobody seems to work here since {time}. The session is still open"
CLOCK_HELD: Final = "The session can be finished when somebody has said that its times are right."
CLOCK_AHEAD: Final = "The clock of this PC is {offset} ahead of the database's."
CLOCK_BEHIND: Final = "The clock of this PC is {offset} behind the database's."
DISK_LOW: Final = "The disk with {folder} is nearly full: {free} left. Make room soon"
DISK_LOW_DETAIL: Final = "The instrument may be unable to save. In Files you see which ones are safe to delete here."
CONTINUED_BY_ITSELF: Final = "The session was interrupted, and continued by itself."
ENDED_BY_ITSELF: Final = "Nobody had worked for long, so the session was ended at its last activity."

# Where the session is recorded
RECORD_NEEDS_NAME: Final = "Recorded on this PC, waits for a name"
RECORDED_HERE: Final = "Recorded on this PC only"
RECORDED: Final = "Recorded in the database"
RECORDED_FOR_DEMO: Final = "A demo: nothing of it is kept"
RECORD_WAITS: Final = "Recorded on this PC, will be sent"
RECORD_UNDER_WAY: Final = "Recorded on this PC, being sent"
WILL_BE_RECORDED_HERE: Final = "Will be recorded on this PC only"
NOT_RECORDED: Final = "Nothing is recorded so far"

# Ending and done
ENDING: Final = "Ending the session"
ENDED_AT: Final = "{user}, {start} to {end}"
SESSION_ENDED: Final = "Session ended {time}"
ENDED_ON: Final = "{instrument}: {who}"
ENDED_AT_NOBODY: Final = "{start} to {end}"
ENDING_SCAN: Final = "Looking for the last files"
VERIFIED: Final = "{done} of {total} files verified"
VERIFIED_ONE: Final = "{done} of 1 file verified"
STORED_OF: Final = "{done} of {total} files stored"
STORED_OF_ONE: Final = "{done} of 1 file stored"
VERIFIED_NONE: Final = "No files in this session"
RECORDING_END: Final = "Recording that everything is there"
ONLY_RECORD_WAITS: Final = "Your files are stored; only the record waits"
ONLY_RECORD_WAITS_DETAIL: Final = (
    "You may leave. The record stays on this PC and is sent by itself when the database answers."
)
PART_DONE: Final = "Your part of the session of {user} is finished."
DONE_DETAIL: Final = "{bytes} compared with the store. You may leave."
DONE_DETAIL_NONE: Final = "The session is recorded. You may leave."
SESSIONS_LEFT: Final = "{count} earlier sessions still wait; they are caught up when the logger runs here again."
SESSIONS_LEFT_ONE: Final = "1 earlier session still waits; it is caught up when the logger runs here again."
STORED_IN: Final = "Your data:"
COUNTDOWN: Final = "This window closes by itself in {seconds} s."
STAYS: Final = "This window stays open until you close it."

# Unknown computer, and a start that failed
UNKNOWN: Final = "This computer is not registered"
UNKNOWN_NAME: Final = "Give this name to the facility manager:"
UNKNOWN_STATE: Final = "Nothing is recorded until the instrument is known"
NO_DATABASE_STATE: Final = "Nothing is recorded yet. The database is asked again by itself"
NO_DATABASE_DETAIL: Final = (
    "Your session starts as soon as the database answers, with the time you opened this window. If this lasts, ask "
    "whether the network is there; the cause is in the log."
)
ASKING_DATABASE: Final = "Asking the database"
LAST_ASKED: Final = "Last asked {time}."
FAILED_STATE: Final = "No session was started"
FAILED_HELP: Final = "{message} If that does not help, show this to the facility manager."

# Buttons
END: Final = "&End session"
NOTE: Final = "&Note"
SYNC_NOW: Final = "&Sync now"
LOG: Final = "&Log"
CLOSE: Final = "&Close"
LEAVE: Final = "Leave &now..."
TRY_AGAIN: Final = "&Try again"
COPY: Final = "Co&py"
CANCEL: Final = "&Cancel"
CLOSE_LOGGER: Final = "Close the &logger"
UNDO: Final = "&Undo"
REDO: Final = "&Redo"
SAVE_BUNDLE: Final = "&Save support bundle"
FILTER_LOG: Final = (("&All", 0), ("&Warnings", 30), ("&Errors", 40))
FILES: Final = "&Files"
CHANGE_USER: Final = "Change &user"
NEXT_SESSION: Final = "Start ne&xt session"
# Beside the line of state; one button, so one letter.
ENTER_NAME: Final = "Enter n&ame"
SAY_WHOSE: Final = "S&ay whose"
ANSWER: Final = "&Answer"
GO_ON: Final = "&Keep this session"
