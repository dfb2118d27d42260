"""The corpus as the demo reads it."""

import pytest

from benchmarks.town.dialogue import CorpusError, conversations, parse
from benchmarks.town.people import ARRIVING


@pytest.mark.parametrize("language", sorted({language.corpus for language in ARRIVING}))
def test_every_language_of_the_town_has_enough_to_say(language: str) -> None:
    talks = conversations(language)
    assert len(talks) > 20
    assert all(sentence.strip() for talk in talks for sentence in talk)


def test_a_conversation_is_a_list_of_sentences() -> None:
    text = "categories:\n- greetings\nconversations:\n- - 你好\n  - 你好吗?\n- - Hola\n"
    assert parse(text) == [("你好", "你好吗?"), ("Hola",)]


def test_quotes_are_taken_off_and_long_sentences_go_on() -> None:
    text = "conversations:\n- - \"¿Cómo \\\"estás\\\"?\"\n  - 'It''s fine'\n  - It goes\n    on and\n    on.\n"
    assert parse(text) == [('¿Cómo "estás"?', "It's fine", "It goes on and on.")]


@pytest.mark.parametrize(
    "text",
    [
        "greetings: hello\n",
        "conversations:\n  - an answer to nothing\n",
        "conversations:\n- - hello\nmore: keys\n",
        "conversations:\n- - |\n    a block\n",
        'conversations:\n- - "half \\q"\n',
        "conversations:\n- - hello\n  - \n",
    ],
)
def test_what_is_no_list_of_lists_of_sentences_is_refused(text: str) -> None:
    with pytest.raises(CorpusError):
        parse(text)


def test_a_language_that_the_corpus_does_not_have_is_refused() -> None:
    with pytest.raises(CorpusError, match="klingon"):
        conversations("klingon")
