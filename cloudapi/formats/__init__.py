"""Dates as each language writes them, in place of Django's own (FORMAT_MODULE_PATH). Numbers stay Django's.

The long forms name the month, so that no reader takes the day for it; none ends in a full stop, so that it
can end a sentence. Times are of 24 hours and weeks begin on Monday in all three.
"""
