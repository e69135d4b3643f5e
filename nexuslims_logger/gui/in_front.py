"""The one dialog that stands in front of the window, opened and closed as the view says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.gui.dialogs import open_dialog

if TYPE_CHECKING:
    import tkinter as tk
    from collections.abc import Callable
    from datetime import datetime

    from nexuslims_logger.gui.dialogs import Act
    from nexuslims_logger.gui.main_window import MainWindow
    from nexuslims_logger.gui.modal import ModalDialog
    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import Dialog, View


class InFront:
    """What stands in front of one window.

    Parameters
    ----------
    root, look, window
        The window behind.
    presenter, act
        Where answers go, and how they are shown at once.
    now
        Returns the present time, aware, in UTC.
    """

    def __init__(  # noqa: PLR0913 - as many as a dialog needs
        self,
        root: tk.Tk,
        look: Look,
        window: MainWindow,
        presenter: Presenter,
        act: Act,
        now: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._look = look
        self._window = window
        self._presenter = presenter
        self._act = act
        self._now = now
        self._shown: Dialog | None = None
        #: None while nothing is asked, or what is asked waits.
        self.dialog: ModalDialog | None = None

    def show(self, view: View, *, asked_for: bool) -> None:
        """Show what the view asks for.

        Parameters
        ----------
        asked_for
            Somebody has just clicked. Otherwise a dialog waits until the window has the keyboard: so the acquisition
            program never loses it to a question. Title and icon tell that there is one.
        """
        if view.dialog is self._shown:
            if self.dialog:
                self.dialog.refresh(view)
            return
        if self.dialog:
            self.dialog.close()
            self.dialog = None
            self._window.take_keyboard_back()
        self._shown = None
        if view.dialog and (asked_for or self._root.focus_displayof() is not None):
            self._shown = view.dialog
            self.dialog = open_dialog(self._root, self._look, view, self._presenter, self._act, self._now())
