"""Which addresses and URLs the door refuses."""

import logging
from ipaddress import ip_network

import pytest

from tests.platform.special_addresses import SPECIAL_ADDRESSES
from wedsync.platform.outbound import UrlRefused, allow_loopback, check_url, refusal
from wedsync.platform.outbound.addresses import SPECIAL
from wedsync.platform.outbound.permission import refused

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
]


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_public_address_is_not_refused(ip: str) -> None:
    assert refusal(ip) is None


@pytest.mark.parametrize(("ip", "reason"), SPECIAL_ADDRESSES)
def test_a_special_address_is_refused_for_what_it_is(ip: str, reason: str) -> None:
    assert refusal(ip) == reason


@pytest.mark.parametrize(("text", "reason", "source"), SPECIAL)
def test_every_range_of_the_table_is_refused_from_end_to_end(
    text: str, reason: str, source: str
) -> None:
    network = ip_network(text)
    assert refusal(network.network_address) is not None
    assert refusal(network.broadcast_address) is not None
    assert reason
    assert source


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        refusal("example.com")


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize(
    ("ip", "opened"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("fd00::1", False),
    ],
)
def test_the_development_switch_opens_loopback_and_nothing_else(ip: str, opened: bool) -> None:
    assert (refused(ip) is None) is opened


@pytest.mark.usefixtures("no_loopback")
def test_the_development_switch_warns_once_when_turned_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, logger="wedsync"):
        allow_loopback(False)
        allow_loopback(True)
        allow_loopback(True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hook?a=1#part", "https://example.com/Hook?a=1"),
        ("http://example.com:80", "http://example.com/"),
        ("http://example.com:8080/x", "http://example.com:8080/x"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com./a/../b", "https://example.com/b"),
        ("https://bücher.example/ü?q=é", "https://xn--bcher-kva.example/%C3%BC?q=%C3%A9"),
        ("https://example.com/a%2Fb?x=%zz", "https://example.com/a%2Fb?x=%zz"),
        ("https://exa_mple.com?x=1", "https://exa_mple.com/?x=1"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://[2606:4700:4700:0::1111]:8443/", "https://[2606:4700:4700::1111]:8443/"),
    ],
)
def test_a_good_url_is_written_one_way(typed: str, called: str) -> None:
    assert check_url(typed) == called


@pytest.mark.usefixtures("no_loopback")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "10.1.2.3",
        "169.254.169.254",
        "0xa9fea9fe",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[fe80::1]",
    ],
)
def test_a_literal_address_is_refused_however_it_is_spelt(host: str) -> None:
    for port in ("", ":8080"):
        with pytest.raises(UrlRefused) as refusal_of_url:
            check_url(f"http://{host}{port}/latest/meta-data")
        assert refusal_of_url.value.code == "address_refused"
        assert refusal_of_url.value.message.endswith("which is never called.")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http:/example.com",
        "http:///example.com",
        "https://",
        "https://?x",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com\\@evil.example/",
        "https://example.com /",
        " https://example.com/",
        "https://example.com/\r\nX-Evil: 1",
        "https://example.com/\x00",
        "https://example.com/\t",
        "https://exa%6dple.com/",
        "https://[fe80::1%25eth0]/",
        "https://[::1",
        "https://[not-an-address]/",
        "https://a..b/",
        "https://-a.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
        "https://1.2.3.4.5/",
        "https://256.256.256.256/",
        "https://4294967296/",
        "https://1.2.3.08/",
        "https://example.0x7f/",
        "https://straße.example/",
        "https://a\u200db.example/",
        "https://\ud800.example/",
        "https://example.com/" + "a" * 2048,
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:-1/",
        "https://example.com:x/",
    ],
)
def test_a_url_that_is_not_a_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused) as refusal_of_url:
        check_url(url)
    assert refusal_of_url.value.code == "url_refused"
    assert refusal_of_url.value.message.endswith(".")


@pytest.mark.parametrize("port", [1, 21, 22, 23, 25, 81, 110, 445, 1023, 2375, 3306, 5432, 6379])
def test_a_port_that_speaks_something_else_is_refused(port: int) -> None:
    with pytest.raises(UrlRefused, match=f"Port {port} is not a port for web addresses"):
        check_url(f"https://example.com:{port}/")
