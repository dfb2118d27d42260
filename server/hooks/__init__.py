"""The hooks that are installed: their file, the processes they run in, and the asking."""
