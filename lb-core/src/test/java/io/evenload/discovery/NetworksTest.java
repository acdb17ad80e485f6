package io.evenload.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworksTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "169.254.0.0",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.255.255",
        "fe80::1",
        "fe80::1%eth0",
        "febf:ffff::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "64:ff9b::100.100.100.200"
      })
  void defaults_linkLocalOrMetadata_areRefused(String host) {
    assertThat(Networks.defaults().permits(host)).isFalse();
    assertThat(Networks.all().permits(host)).isTrue();
    assertThat(Networks.of("0.0.0.0/0", "::/0").permits(host)).as("in a wide one").isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.1",
        "127.0.0.1",
        "169.253.255.255",
        "169.255.0.0",
        "100.100.100.199",
        "8.8.8.8",
        "::1",
        "fe7f::1",
        "fec0::1",
        "fd00::1",
        "2001:db8::1",
        "64:ff9b::10.0.0.1",
        "orders.internal",
        "169.254.169.254.nip.io",
        "2852039166", // a name, until somebody looks it up: then it is 169.254.169.254
        "1.2.3.4.5"
      })
  void defaults_others_areLetPass(String host) {
    assertThat(Networks.defaults().permits(host)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.255.255, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "10.0.0.0/8, ::ffff:10.1.2.3, true",
    "10.0.0.0/8, 64:ff9b::10.1.2.3, false",
    "192.168.4.0/22, 192.168.7.255, true",
    "192.168.4.0/22, 192.168.8.0, false",
    "192.168.4.128/25, 192.168.4.127, false",
    "10.0.0.1, 10.0.0.1, true",
    "10.0.0.1, 10.0.0.2, false",
    "0.0.0.0/0, 203.0.113.7, true",
    "0.0.0.0/0, 2001:db8::1, false",
    "fd00::/8, fdff::1, true",
    "fd00::/8, fe00::1, false",
    "2001:db8:1::/49, 2001:db8:1:7fff::1, true",
    "2001:db8:1::/49, 2001:db8:1:8000::1, false",
    "::1/128, ::1, true",
    "169.254.20.10/32, 169.254.20.10, true",
    "169.254.20.10/32, 169.254.169.254, false",
    "169.254.0.0/16, 169.254.169.254, true",
    "168.0.0.0/7, 169.254.169.254, false",
    "fe80::/10, fe80::1%eth0, true",
    "100.64.0.0/10, 100.100.100.200, false",
    "100.64.0.0/10, 100.100.100.201, true",
    "fd00::/8, fd00:ec2::254, false",
    "fd00:ec2::254, fd00:ec2::254, true"
  })
  void of_network_hasItsAddressesAlone(String network, String host, boolean inside) {
    assertThat(Networks.of(network).permits(host)).isEqualTo(inside);
  }

  @Test
  void of_several_haveTheAddressesOfEach() throws UnknownHostException {
    Networks networks = Networks.of("10.0.0.0/8", "fd00::/8", "169.254.20.10");

    assertThat(networks.contains(InetAddress.getByName("10.1.1.1"))).isTrue();
    assertThat(networks.contains(InetAddress.getByName("fd01::1"))).isTrue();
    assertThat(networks.contains(InetAddress.getByName("169.254.20.10"))).isTrue();
    assertThat(networks.contains(InetAddress.getByName("169.254.20.11"))).isFalse();
    assertThat(networks).hasToString("[10.0.0.0/8, fd00:0:0:0:0:0:0:0/8, 169.254.20.10/32]");
    assertThat(networks)
        .isEqualTo(Networks.of("10.0.0.0/8", "fd00::/8", "169.254.20.10/32"))
        .hasSameHashCodeAs(Networks.of("10.0.0.0/8", "fd00::/8", "169.254.20.10/32"))
        .isNotEqualTo(Networks.of("10.0.0.0/8"));
    assertThat(Networks.all()).hasToString("all").isNotEqualTo(Networks.defaults());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/x",
        "10.0.0.0/-1",
        "10.0.0/8",
        "internal/8",
        "fe80::1%eth0/64",
        "10.0.0.0/8/8",
        "1::2::3/8",
        "10.0.0.0/1000"
      })
  void of_noNetwork_isNamed(String cidr) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Networks.of(cidr))
        .withMessage(
            "network: "
                + cidr
                + " (expected: an address and bits, such as 10.0.0.0/8 or fd00::/8)");
  }

  @Test
  void of_badBits_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Networks.of("10.0.0.0/33"))
        .withMessage("network: 10.0.0.0/33 (expected: at most 32 bits)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Networks.of("::/129"))
        .withMessage("network: ::/129 (expected: at most 128 bits)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Networks.of("10.1.0.0/8"))
        .withMessage("network: 10.1.0.0/8 (expected: 10.0.0.0/8)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Networks.of())
        .withMessage("networks: none (expected: at least one)");
  }
}
