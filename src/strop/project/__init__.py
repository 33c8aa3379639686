"""What the target is: routes, dependencies, middleware, tables, calls and their context."""
