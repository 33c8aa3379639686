"""What the source declares of the application: routes, dependencies, middleware, tables, engines. Nothing is imported."""
