"""Every text of the dialogs and of the windows beside the main one; as in `wording`, and for the same translator."""

from __future__ import annotations

from typing import Final

# Buttons
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
COUNT: Final = "{count} files"
COUNT_ONE: Final = "1 file"
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
INTERRUPTED_NO_FILES: Final = "None"
INTERRUPTED_CHOICES: Final = (
    "It goes on where it stopped.",
    "It gets the time of its last activity as its end. Its files are sent all the same.",
    "Everything stays as it is, and is asked again.",
)
INTERRUPTED_CONTINUES: Final = "Without an answer it continues by itself in {seconds} s."
NEIGHBOUR: Final = "Another computer has an open session at this instrument"
NEIGHBOUR_COMPUTER: Final = "Computer"
NEIGHBOUR_CHOICES: Final = (
    "You work together: the files of this PC go into that session. It stays theirs to end.",
    "They have left: their session ends at its last activity, and yours starts.",
    "Two sessions side by side. Nothing of theirs changes.",
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
CHANGE_LEFT_TEXT: Final = (
    "The session of {user}, since {time}, ends: now, or at its last activity, {left}. Its last files are sent while "
    "yours runs."
)
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
FILES_LOOKED_UP: Final = "Looking the files up"
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
