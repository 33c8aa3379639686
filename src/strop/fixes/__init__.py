"""One file is one codemod; it declares the finding codes that it answers."""
