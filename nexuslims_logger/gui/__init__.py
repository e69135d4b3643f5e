"""What a person sees: presenter, window, dialogs and theme."""
