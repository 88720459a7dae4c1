"""Pictures of the play calendar: a table, an SVG, an iCalendar feed, a coloured terminal.

Each module draws the same ``Sheet`` and is a pure function of the law: no clock, no file.
``rich`` is the only one that needs a third party, the extra ``minorguard[rich]``.
"""
