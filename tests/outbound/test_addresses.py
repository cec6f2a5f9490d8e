"""Which addresses may be connected to."""

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.outbound.addresses import Allowed, metadata_addresses, refuse
from tests.support.every import every

PUBLIC = Allowed()
EMULATOR = Allowed(loopback=True)
OPEN = Allowed.of(
    ["0.0.0.0/1", "128.0.0.0/1", "::/0"],  # the widest opt-in that can be written
    loopback=True,
)

GLOBAL = ["8.8.8.8", "140.82.112.5", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:80b::200e", "64:ff9b::808:808"]

PRIVATE = {
    "10/8": ("10.1.2.3", "private"),
    "172.16/12, its last": ("172.31.255.255", "private"),
    "192.168/16": ("192.168.0.1", "private"),
    "carrier-grade NAT": ("100.64.0.1", "shared"),
    "loopback": ("127.0.0.1", "loopback"),
    "another loopback address": ("127.255.0.9", "loopback"),
    "loopback, IPv6": ("::1", "loopback"),
    "unique local": ("fd12:3456::1", "unique local"),
    "unique local, fc": ("fc00::1", "unique local"),
}

NEVER = {
    "metadata of most clouds": ("169.254.169.254", "metadata of AWS"),
    "metadata of AWS, IPv6": ("fd00:ec2::254", "AWS"),
    "credentials of ECS": ("169.254.170.2", "ECS"),
    "metadata of Google Cloud, IPv6": ("fd20:ce::254", "Google"),
    "Azure's platform agent": ("168.63.129.16", "Azure"),
    "metadata of Oracle": ("192.0.0.192", "Oracle"),
    "metadata of Alibaba": ("100.100.100.200", "Alibaba"),
    "0.0.0.0": ("0.0.0.0", "this network"),  # noqa: S104
    "0/8": ("0.1.2.3", "this network"),
    "link-local": ("169.254.0.1", "link-local"),
    "link-local, IPv6": ("fe80::1", "link-local"),
    "link-local with a zone": ("fe80::1%lo", "link-local"),
    "site-local": ("fec0::1", "site-local"),
    "benchmarking": ("198.19.255.255", "benchmarking"),
    "reserved": ("240.0.0.1", "reserved"),
    "broadcast": ("255.255.255.255", "broadcast"),
    "multicast": ("224.0.0.1", "multicast"),
    "multicast, IPv6": ("ff02::1", "multicast"),
    "unspecified, IPv6": ("::", "unspecified"),
    "IETF protocol assignments": ("192.0.0.8", "IETF"),
    "documentation": ("192.0.2.1", "documentation"),
    "documentation 2": ("198.51.100.7", "documentation"),
    "documentation 3": ("203.0.113.200", "documentation"),
    "documentation, IPv6": ("2001:db8::1", "documentation"),
    "documentation, IPv6, the long range": ("3fff:fff::1", "documentation"),
    "6to4 relay": ("192.88.99.1", "6to4 relay"),
    "6to4 of loopback": ("2002:7f00:1::", "6to4"),
    "6to4 of a public address": ("2002:808:808::1", "6to4"),
    "Teredo": ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
    "ORCHID": ("2001:20::1", "IETF"),
    "IPv4-mapped loopback": ("::ffff:127.0.0.1", "127.0.0.1 in an IPv4-mapped form"),
    "IPv4-mapped metadata": ("::ffff:a9fe:a9fe", "169.254.169.254 in an IPv4-mapped form"),
    "IPv4-mapped public": ("::ffff:8.8.8.8", "8.8.8.8 in an IPv4-mapped form"),
    "IPv4-compatible": ("::7f00:1", "IPv4-compatible"),
    "NAT64 of metadata": ("64:ff9b::a9fe:a9fe", "metadata"),
    "NAT64 of loopback": ("64:ff9b::7f00:1", "127.0.0.1 behind NAT64"),
    "NAT64 of a private address": ("64:ff9b::a00:1", "10.0.0.1 behind NAT64"),
    "NAT64 of a network's own": ("64:ff9b:1::808:808", "not a global unicast address"),
    "discard-only": ("100::1", "not a global unicast address"),
    "segment routing": ("5f00::1", "not a global unicast address"),
}


@every("address", GLOBAL)
def test_a_public_address_is_allowed(address):
    refuse(ip_address(address), PUBLIC)


@every(("address", "name"), PRIVATE.values(), ids=PRIVATE)
def test_a_private_address_needs_an_opt_in(address, name):
    with pytest.raises(ValueError, match=name):
        refuse(ip_address(address), PUBLIC)
    refuse(ip_address(address), Allowed.of([address]))


@every(("address", "name"), NEVER.values(), ids=NEVER)
@every("allowed", [PUBLIC, EMULATOR, OPEN], ids=["by default", "in the emulator", "opted in"])
def test_some_addresses_are_refused_always(address, name, allowed):
    with pytest.raises(ValueError, match=name):
        refuse(ip_address(address), allowed)


def test_the_emulator_allows_this_machine_and_no_other_private_address():
    refuse(ip_address("127.0.0.1"), EMULATOR)
    refuse(ip_address("::1"), EMULATOR)
    with pytest.raises(ValueError, match="private"):
        refuse(ip_address("10.0.0.1"), EMULATOR)


def test_an_opt_in_ends_where_its_network_ends():
    allowed = Allowed.of(["10.20.0.0/16", "fd00:1::/32"])
    refuse(ip_address("10.20.255.255"), allowed)
    refuse(ip_address("fd00:1:ffff::1"), allowed)
    for outside in ("10.21.0.0", "10.19.255.255", "fd00:2::1"):
        with pytest.raises(ValueError, match="no network of the issuer record"):
            refuse(ip_address(outside), allowed)


def test_the_data_file_names_every_address_that_the_documents_of_the_platforms_name():
    listed = [each.network for each in metadata_addresses()]
    for address in ("169.254.169.254", "fd00:ec2::254", "168.63.129.16", "192.0.0.192", "100.100.100.200"):
        assert any(ip_address(address) in network for network in listed), address


# What the IANA registries do not call globally reachable, written down a second time, from the registries.
SPECIAL_V4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
)


@given(st.sampled_from([IPv4Network(each) for each in SPECIAL_V4.split()]), st.data())
def test_no_special_ipv4_address_is_taken_for_public(network, data):
    address = data.draw(st.ip_addresses(network=network))
    with pytest.raises(ValueError, match=str(address).replace(".", r"\.")):
        refuse(address, PUBLIC)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_global_unicast_is_taken_for_public(address):
    if address in IPv6Network("2000::/3") or address in IPv6Network("64:ff9b::/96"):
        return
    with pytest.raises(ValueError, match=r"\S"):
        refuse(address, PUBLIC)
