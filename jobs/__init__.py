"""What happens later: the queue, the worker, the supervisor, output, files, and the sweep."""
