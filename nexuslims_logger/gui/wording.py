"""Every text of the window, in one place: what a translator needs, and nobody else has to look at.

Names in braces are filled in by the presenter. An ampersand stands before the letter that, with Alt, presses
the button.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` is slow to load, and this module is needed for the first paint
if TYPE_CHECKING:
    from datetime import datetime, tzinfo
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
NO_FILES_YET: Final = "No new files yet"
COUNTS: Final = "{done} of {total} files, {bytes_done} of {bytes_total}"
COUNTS_ONE: Final = "{done} of 1 file, {bytes_done} of {bytes_total}"
RATE: Final = "{rate}/s"
CHECKED: Final = "Last complete check {time}"
NOT_CHECKED: Final = "No complete check yet"

# The one line of state
END_ASKED: Final = "Ending the session"
PAUSE_ASKED: Final = "Pausing the session"
PROBLEM_SINCE: Final = "{title} since {time}."
NOTHING_LOST: Final = "Nothing is lost."
OFFLINE_DETAIL: Final = (
    "You can go on working. The session stays on this PC and is sent by itself when the database answers. The cause is "
    "in the log."
)
LOOKING: Final = "Looking for new files"
SENDING: Final = "Sending {done} of {total} files"
SENDING_LEFT: Final = "Sending {done} of {total} files, {left} left"
VERIFYING: Final = "Comparing every file with the store"
COMING: Final = "{count} new files, sent as soon as they are complete"
COMING_ONE: Final = "1 new file, sent as soon as it is complete"
WAITING_ONE: Final = "Waiting for {name}: {reason}"
WAITING_MORE: Final = "Waiting for {count} files, first {name}: {reason}"
WAITING_COUNT: Final = "{count} files wait to be sent"
WAITING_COUNT_ONE: Final = "1 file waits to be sent"
STALE: Final = "The last complete check was at {time}, {ago} ago"
NOTHING_NEW: Final = "Ready. New files are sent by themselves"
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
PAUSE: Final = "&Pause"
KEEP_WAITING: Final = "&Keep waiting"
CONTINUE: Final = "&Continue"
JOIN: Final = "&Join"
TAKE_OVER: Final = "&Take over"
START_OWN: Final = "&Start my own"
END_THEIRS: Final = "&End theirs and start mine"
END_EARLIER: Final = "&End it and start a new one"

CONFIRM_WHO: Final = "&This is me"
CONFIRM_AND_END: Final = "&End session"
LATER: Final = "&Later"
END_WITHOUT: Final = "&End without them"
START_MINE: Final = "&Start my session"
START_MINE_QUIET: Final = "End theirs at last &activity"
TAKE_THIS: Final = "Add to &this session"
TAKE_PREVIOUS: Final = "Add to my last &session"
LEAVE_ALONE: Final = "Leave them &alone"
STILL_WORKING: Final = "I am &still working"
END_QUIET: Final = "&End at last activity"
CLOCK_RIGHT: Final = "The time is &right"
IN_BACKGROUND: Final = "Finish in &background"
LEAVE_FOR_LATER: Final = "&Leave for later"
LEAVE_FILES_OUT: Final = "Leave files &out..."
LEAVE_THEM_OUT: Final = "Leave &out"
BACK: Final = "&Back"

# Dialogs
CLOSING: Final = "Close the logger?"
CLOSING_TEXT: Final = "Your session is still running."
CLOSING_CHOICES: Final = (
    "You are finished. The last files are sent, then the window closes.",
    "You come back later. The session stays open.",
)
LEAVING: Final = "Leave before everything is stored?"
LEAVING_FILES: Final = "{count} files still wait."
LEAVING_FILES_ONE: Final = "1 file still waits."
LEAVING_REST: Final = "Something still waits to be recorded."
LEAVING_TEXT: Final = "{waits} Whatever waits stays on this PC."
LEAVING_STORED: Final = "Your files are stored"
LEAVING_STORED_TEXT: Final = "{verified}. Only the record waits; it stays on this PC and is sent later. You may leave."
SUMMONED: Final = "The logger is already running"
SUMMONED_TEXT: Final = "{user}'s session has been running here since {time}. Who works now?"
SUMMONED_NOBODY: Final = "A session has been running here since {time}. Who works now?"
INTERRUPTED: Final = "An earlier session is still open"
PAUSED_FOUND: Final = "An earlier session was paused"
INTERRUPTED_USER: Final = "User"
INTERRUPTED_STARTED: Final = "Started"
INTERRUPTED_ACTIVITY: Final = "Last activity"
INTERRUPTED_FILES: Final = "Files waiting"
INTERRUPTED_FILES_TEXT: Final = "{count}, {bytes}"
INTERRUPTED_TEXT: Final = (
    "Continue takes it up again. Ending it gives it the time of its last activity; its files are sent all the same."
)
INTERRUPTED_CLOSE: Final = "If you close this window, the logger closes, and everything stays as it is."
INTERRUPTED_CONTINUES: Final = "Without an answer it continues by itself in {seconds} s. {closing}"
NEIGHBOUR: Final = "Another computer has an open session at this instrument"
NEIGHBOUR_COMPUTER: Final = "Computer"
NEIGHBOUR_CHOICES: Final = (
    ("Join", "You work together: the files of this PC go into that session. It stays theirs to end."),
    ("Take over", "They have left: their session ends at its last activity, and yours starts."),
    ("Start my own", "Two sessions side by side. Nothing of theirs changes."),
)
NEIGHBOUR_CLOSE: Final = "Without an answer within a minute, your own session starts."
SOMEBODY: Final = "not known"
WHO: Final = "Who is working?"
WHO_TEXT: Final = "Your session already runs. Your name is recorded with it."
WHO_BEFORE_END: Final = "The session ends as soon as it has your name."
WHO_NAME: Final = "Name"
WHO_PROJECT: Final = "Project"
CHANGE: Final = "Who works next?"
CHANGE_TEXT: Final = "The session of {user}, since {time}, ends. Its last files are sent while yours runs."
CHANGE_AFTER_STORED: Final = "Every file of the session before is stored. Yours starts now."
CHANGE_AFTER_END: Final = "The last files of the session before are sent while yours runs."
UNASSIGNED_FOUND: Final = "Files changed while no session ran"
UNASSIGNED_TEXT: Final = "Whose are they?"
UNASSIGNED_TEXT_END: Final = "Whose are they? The session ends with your answer."
UNASSIGNED_CHOICES: Final = (
    "They are mine, of the session that runs now.",
    "They are mine, of my session before this one.",
    "They stay on this PC and are not sent.",
)
UNASSIGNED_FILES: Final = "Files"
UNASSIGNED_COUNT: Final = "{count} files"
UNASSIGNED_COUNT_ONE: Final = "1 file"
UNASSIGNED_WHEN: Final = "Changed"
UNASSIGNED_WHICH: Final = "Names"
UNASSIGNED_PREVIOUS: Final = "Your last session"
UNASSIGNED_NAMED: Final = 3
FROM_TO: Final = "{first} to {last}"
AND_MORE: Final = "{names} and {more} more"
QUIET: Final = "Are you still working?"
QUIET_TEXT: Final = "Nothing has happened since {time}. Without an answer the session stays open."
QUIET_ENDS_TEXT: Final = (
    "Nothing has happened since {time}. Without an answer the session ends at {end}, with that time."
)
CLOCK: Final = "Is the clock of this PC right?"
CLOCK_TEXT: Final = (
    "It said {time} at the start of the session, which cannot be. The session's times go into its record, so it is "
    "finished only when you say that they are right. Otherwise set the clock, and ask the facility manager."
)
CLOCK_AHEAD_TEXT: Final = (
    "It said {time} at the start of the session, {offset} ahead of the database. The session's times go into its "
    "record, so it is finished only when you say that they are right. Otherwise set the clock, and ask the facility "
    "manager."
)
CLOCK_BEHIND_TEXT: Final = (
    "It said {time} at the start of the session, {offset} behind the database. The session's times go into its "
    "record, so it is finished only when you say that they are right. Otherwise set the clock, and ask the facility "
    "manager."
)
CLOCK_SET_TEXT: Final = (
    "It was set by {offset} while the session ran, which began at {time}. The session's times go into its record, so "
    "it is finished only when you say that they are right, or as right as they will be. Otherwise ask the facility "
    "manager."
)
LEFTOVER_CHOICES: Final = (
    "The window stays until everything is finished.",
    "The window shrinks and goes on. The next user can start at once.",
    "The logger closes. The rest is caught up when it runs here again.",
    "Some files are not needed. Say which, and why.",
)
LEAVE_OUT: Final = "Which files are not needed?"
LEAVE_OUT_TEXT: Final = "They stay on this PC and are recorded as left out, with your name and the reason."
LEAVE_OUT_WHY: Final = "Reason"
LEAVE_OUT_HINT: Final = "Select a file to see why it waits."
LEAVE_OUT_WAITS: Final = "{name}: {reason}"
LEAVE_OUT_NONE: Final = "Choose at least one file."
LEAVE_OUT_REASON: Final = "Say why, in at most {count} characters."
NOTE_TITLE: Final = "Note - {program}"
NOTE_TEXT: Final = "What should be remembered about this session?"
NOTE_TOO_LONG: Final = "Too long: the last {count} characters are not saved"
NOTE_SAVED: Final = "Saved on this PC"
NOTE_BEING_SAVED: Final = "Saving as you type"
FILES_TITLE: Final = "Files - {program}"
FILES_NAME: Final = "Name"
FILES_SIZE: Final = "Size"
FILES_STATE: Final = "State"
FILES_TIME: Final = "Changed"
FILES_NONE: Final = "No files"
FILES_HINT: Final = "Select a file to see more about it."
FILTER_FILES: Final = ("&All {count}", "&Waiting {count}", "&Stored {count}", "Not s&ent {count}")
OPEN_FOLDER: Final = "&Open folder"
FOLDER_FAILED: Final = "The folder cannot be opened: {path}"
FILE_CHANGING: Final = "Still being written"
FILE_WAITING: Final = "Waiting"
FILE_SENDING: Final = "Being sent"
FILE_STORED: Final = "Stored"
FILE_VERIFIED: Final = "Verified"
FILE_MISSING: Final = "Gone before it was sent"
FILE_LEFT_OUT: Final = "Left out"
FILE_REASON: Final = "{state}: {reason}."
FILE_STORED_DETAIL: Final = "Stored, and not verified yet. Keep it on this PC until the session has ended."
FILE_SAFE: Final = "Safe to delete here"
FILE_SAFE_DETAIL: Final = "Verified at {time}. Safe to delete here."
FILE_VERIFIED_DETAIL: Final = "Verified, and recorded for good."
FILE_PLAIN: Final = "{state}."
LOG_TITLE: Final = "Log - {program}"
LOG_EMPTY: Final = "Nothing of this kind."
COPIED: Final = "Copied"
BUNDLE_UNDER_WAY: Final = "Collecting logs and settings"
BUNDLE_SAVED: Final = "Saved: "
BUNDLE_FAILED: Final = "Not saved. {title}: {message}"
UNEXPECTED: Final = "Something unexpected happened in the window"
UNEXPECTED_TEXT: Final = (
    "The session goes on and nothing is lost. Please send the log to whoever looks after the logger.\n\n{error}"
)

#: The database's column takes 65,535 bytes; a character has four at most.
NOTE_LIMIT: Final = 10_000
#: What the manifest's column holds.
REASON_LIMIT: Final = 255

_STEP: Final = 1000
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400


def counted(count: int, one: str, many: str) -> str:
    """Return the text for that many things."""
    return (one if count == 1 else many).format(count=f"{count:,}", total=f"{count:,}")


def size(count: float) -> str:
    """Return a number of bytes as people say it, in steps of 1,000 as the store's console does."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit in {"B", "kB"} else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} TB"


def duration(seconds: float) -> str:
    """Return a length of time roughly, as one tells it a colleague."""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR_S:
        return f"{round(seconds / _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _DAY_S:.0f} days"


def elapsed(seconds: float) -> str:
    """Return a running time as a clock shows it; never negative."""
    whole = max(0, int(seconds))
    return f"{whole // _HOUR_S:02d}:{whole // _MINUTE_S % 60:02d}:{whole % 60:02d}"


def moment(when: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return a time of day in the PC's zone (or `zone`), with the date when it was not today."""
    local, today = when.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def second(when: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return the same as `moment`, to the second."""
    return f"{moment(when, now, zone)}:{when.astimezone(zone):%S}"
