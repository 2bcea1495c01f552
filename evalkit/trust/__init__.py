"""Whether a judge may gate: its agreement with people, and figures corrected by their labels.

A judge card records how a judge and people agreed on the same answers. May import backends, stats and types.
"""
