"""The TensorBoard plugin: which runs there are, and their records byte for byte. `docs/http.md` is its contract."""
