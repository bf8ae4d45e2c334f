"""The app: a cockpit and a debugger for task flows, in a terminal."""
