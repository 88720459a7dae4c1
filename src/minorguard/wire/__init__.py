"""The wire: one JSON object a line in, one a line out, for the shell and other languages.

Pydantic checks the shape of a line (``shapes``), the core judges it, and this package only
translates. What is wrong with a line is said by its path and never by its content.
"""
