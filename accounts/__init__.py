"""Who may speak: people, their organisation, their devices and how they sign in."""
