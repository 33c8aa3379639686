"""The language server: an optional door, `pip install strop[lsp]`."""
