"""What did the requests of the user's own tests cost, told in counts small enough for a test's report?"""
