"""One file is one rule, its documentation and its examples."""
