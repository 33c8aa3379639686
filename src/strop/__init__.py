"""strop makes a FastAPI backend faster without changing what its API does, and proves both."""

__version__ = "0.1.0"
