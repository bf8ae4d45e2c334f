"""Drawings of a flow, as data and as text; nothing here knows a terminal or a screen."""
