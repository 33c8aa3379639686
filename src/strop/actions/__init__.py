"""One verb a file: typed request -> events -> typed result."""
