"""The command line client: built on nothing but the public GraphQL API."""
