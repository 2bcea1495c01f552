"""One evaluation as a document: JSON, and everything that is rendered from it. May import evaluate and below."""
