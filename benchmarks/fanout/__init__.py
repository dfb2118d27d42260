"""Fan-out: one speaks in a room, all hear it, and every delivery is counted and its place in the sequence checked."""
