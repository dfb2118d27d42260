"""The law as decisions: values in, values out, time as an argument."""
