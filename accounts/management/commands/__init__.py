"""Django finds the directory's commands below here."""
