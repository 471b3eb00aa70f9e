"""The older REST contract: renders its exact HAL JSON from the resolvers, and decides nothing."""
