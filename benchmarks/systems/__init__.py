"""The systems under measurement, each with its own protocol, behind one port."""
