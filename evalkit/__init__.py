"""evalkit decides whether a retrieval system over a knowledge base may go to production.

Importing it loads no heavy library; the names below are found in their own modules on first use.
"""

from __future__ import annotations

__version__ = "0.1.0"
