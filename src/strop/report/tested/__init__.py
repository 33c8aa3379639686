"""How does what the tests' requests cost read: below pytest's own summary, in a failing test, in a file?"""
