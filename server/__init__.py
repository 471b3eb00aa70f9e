"""The one place where things are wired: settings, connections, the app, the command line."""
