"""Golden question sets: formats, anchoring of evidence to a corpus, checks.

May import corpus and everything below it.
"""
