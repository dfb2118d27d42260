"""Characters that nobody sees, as ranges: for whatever compares texts as people read them."""

# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt.
IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
BLANK = "\u2800"  # The Braille cell without a dot: a symbol to Unicode, and nothing to the eye.


def is_ignorable(character: str) -> bool:
    """Say whether `character` has no form of its own."""
    return any(first <= ord(character) <= last for first, last in IGNORABLE)
