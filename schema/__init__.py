"""GraphQL: translates between documents and the resolvers, and decides nothing."""
