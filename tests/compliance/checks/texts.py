"""Texts that are hard on whoever folds them: characters of every kind that folding knows, in any order."""

from hypothesis import strategies as st

from compliance.checks.characters import FOLDED

HARD = (
    "aAzZ09ßİıſﬁŉ…㍿Ⅷ①ａＡ．。，"  # Case, ligatures, compatibility forms.
    "敏感臺灣後發髮著薴里裏"  # Simplified, traditional.
    "\u0301\u0323\u0327\u0308\u0345\u0334\u20e3\u3099ﾞ\u0653\u05b4\u0e31\u0344\u1e00ǘᾴΐ"  # Marks, and letters with them.
    "がｶかパ한ㅎㅏㅠ각\u1100\u1161\u11a8"  # Kana, Hangul.
    "\u00ad\u034f\u061c\u115f\u180e\u200b\u200d\u202e\u2060"  # Without form.
    "\ufe0f\ufeff\ufff9\U000e0041\x00\x07\x1f\x7f"
    " \t\n\u00a0\u2028\u3000\x85"  # Spaces.
    "´¨¯゛\ufdfa\ue000\ue001\U00031000\U0001d15e\U0001f468"
)
# Lists, not st.text: of an alphabet of alternatives that would make one, and hardly ever draw from the small one.
texts = st.lists(
    st.one_of(st.sampled_from(HARD), st.characters(codec="utf-8", max_codepoint=FOLDED + 256)), max_size=40
).map("".join)
