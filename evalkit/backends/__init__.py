"""The only room for heavy libraries, one file per role, each imported inside the function that needs it.

May import types, digest and errors.
"""
