"""What ships with the code: container files, start commands, requirements and lock files. Text only; nothing is run."""
