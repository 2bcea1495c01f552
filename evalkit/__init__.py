"""evalkit decides whether a retrieval system over a knowledge base may go to production.

Importing it loads nothing else; names are found in their own modules.
"""

from __future__ import annotations

__version__ = "0.1.0"
