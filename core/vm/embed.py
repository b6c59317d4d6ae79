"""Turns a text file into the elements of a C array: embed.py IN OUT (meson runs it)."""
import sys

with open(sys.argv[1], "rb") as source, open(sys.argv[2], "w") as out:
    out.write(",".join(str(byte) for byte in source.read()) + "\n")
