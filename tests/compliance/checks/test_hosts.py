"""Where links are, which host each goes to, and names that only look like others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.checks.hosts import canonical, links_in, only_looks
from compliance.checks.normal import fold


def seen(text: str) -> list[tuple[str, str]]:
    """Return the hosts of the links in `text`, and what of the folded text each link is."""
    folded = fold(text)
    return [(link.host, folded[link.start : link.end]) for link in links_in(folded)]


@pytest.mark.parametrize(
    ("text", "host", "link"),
    [
        ("see https://Example.com/a?b=c#d now", "example.com", "https://example.com/a?b=c#d"),
        ("(http://example.com)", "example.com", "http://example.com"),
        ("请看http://example.com谢谢", "example.com", "http://example.com"),
        ("请看http://example.com。谢谢", "example.com", "http://example.com"),
        ("http://example.com:8080谢谢", "example.com", "http://example.com:8080"),
        ("http://例子.中国看看", "例子.中国", "http://例子.中国"),
        ("http://例子.中国:80看看", "例子.中国", "http://例子.中国:80"),
        ("http://例子.公司吗", "例子.公司", "http://例子.公司"),
        ("http://user:pw@example.com/", "example.com", "http://user:pw@example.com/"),
        ("http://good.example@example.com", "example.com", "http://good.example@example.com"),
        ("http://localhost:8440/", "localhost", "http://localhost:8440/"),
        ("http://10.0.0.1/", "10.0.0.1", "http://10.0.0.1/"),
        ("http://[2001:db8::1]:80/", "2001:db8::1", "http://[2001:db8::1]:80/"),
        ("hxxp:\\\\example.com\\a", "example.com", "hxxp:\\\\example.com\\a"),
        ("http://example[.]com/a", "example.com", "http://example[.]com/a"),
        ("://example.com", "example.com", "://example.com"),
        ("加我example.com下载", "example.com", "example.com"),
        ("www.example.com/a b", "www.example.com", "www.example.com/a"),
        ("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com", "example.com"),
        ("ex\u200bample.c\u00adom", "example.com", "example.com"),
        ("example。com", "example.com", "example。com"),
        ("example[.]com", "example.com", "example[.]com"),
        ("example (dot) com", "example.com", "example (dot) com"),
        ("example dot com", "example.com", "example dot com"),
        ("baidu点com", "baidu.com", "baidu点com"),
        ("...example.com", "example.com", "example.com"),
        ("--example.com", "example.com", "example.com"),
        ("10.0.0.1:80", "10.0.0.1", "10.0.0.1:80"),
        ("xn--fsqu00a.xn--fiqs8s", "例子.中国", "xn--fsqu00a.xn--fiqs8s"),
        ("пример.рф", "пример.рф", "пример.рф"),
        ("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.example.com", "e.f.g.h.i.j.k.l.m.n.o.p.q.example.com"[2:], None),
    ],
)
def test_links_are_found_with_their_host(text: str, host: str, link: str | None) -> None:
    ((found, stretch),) = seen(text)
    assert stretch == (link or text)
    assert found.endswith(host)


@pytest.mark.parametrize(
    "text",
    [
        "e.g. node.js, v1.2.3.4 and 3.14",
        "me@example.com",
        "a.name@mail.example.com",
        "google.com@example",
        "早上10点to 11点",
        "polka dot dress",
        "http://",
        "http://...",
        "The end.Then we went home",
        "file.txt",
        "1.2.3.4",
        "",
    ],
)
def test_what_is_no_link_is_none(text: str) -> None:
    assert seen(text) == []


def test_several_links_are_found_in_order() -> None:
    assert [host for host, _ in seen("a.com b.org，http://c.net/d.com、e.cn")] == ["a.com", "b.org", "c.net", "e.cn"]


@pytest.mark.parametrize(
    ("host", "same"),
    [
        ("example.com.", "example.com"),
        ("..example..com", "example.com"),
        ("xn--fsq.com", "例.com"),
        ("xn--\u00e9.com", "xn--\u00e9.com"),
        ("xn--9999999999999999.com", "xn--9999999999999999.com"),
        ("xn--" + "a" * 64 + ".com", "xn--" + "a" * 64 + ".com"),
    ],
)
def test_a_host_has_one_name(host: str, same: str) -> None:
    assert canonical(host) == same


@pytest.mark.parametrize(
    ("host", "looks"),
    [
        ("paypal.com", False),
        ("pаypal.com", True),  # Cyrillic а.
        ("аррӏе.com", True),  # All of it Cyrillic.
        ("xn--80ak6aa92e.com", True),  # The same, written otherwise.
        ("gοοgle.com", True),  # Greek ο.
        ("ɡoogle.com", True),  # A phonetic g, Latin too.
        ("пример.рф", False),
        ("παράδειγμα.ελ", False),
        ("例子.com", False),
        ("7天hotel.cn", False),
        ("東京タワー.jp", False),
        ("佐々木.jp", False),
        ("한국web.kr", False),
        ("bücher.de", False),
        ("مثالa.com", True),
        ("café.مثال", False),
    ],
)
def test_names_that_may_pass_for_others_are_told_from_names_in_other_scripts(host: str, looks: bool) -> None:
    assert only_looks(canonical(fold(host))) is looks


@given(st.text("ab.。:/@[](){}\\ -点dotcnxé中1\u200b?#", max_size=40))
def test_every_link_is_a_stretch_of_the_text_after_the_one_before(text: str) -> None:
    folded = fold(text)
    end = 0
    for link in links_in(folded):
        assert end <= link.start < link.end <= len(folded)
        assert link.host
        end = link.end
