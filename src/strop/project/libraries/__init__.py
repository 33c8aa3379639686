"""What do the installed libraries say of their functions' results and their objects' attributes? Read, never imported."""
