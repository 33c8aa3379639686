"""How results look: one file a result, each as parts for a terminal and as a document for programs."""
