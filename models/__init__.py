"""What exists: the database's tables, the legal moves of a status, and the migrations."""
