"""The command line: parse, call, print, exit. One module for each family of commands."""
