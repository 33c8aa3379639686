"""How does a proof of one change read: on a terminal, in a comment of a review, for a program?"""
