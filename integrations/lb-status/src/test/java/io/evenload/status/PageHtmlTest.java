package io.evenload.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.LoadBalancerStatus.GroupStatus;
import io.evenload.Server;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PageHtmlTest {

  private static final Instant NOW = Instant.parse("2026-01-31T12:34:56Z");
  private static final String HOSTILE =
      "</title></bdi><script>alert(1)</script><img src=x onerror='a(\"b\")'>&\u0000\u001b[31m";

  @Test
  void of_hostileText_escapesAllOfIt() {
    Server server = Server.builder("h", 1).id("id" + HOSTILE).zone("zone" + HOSTILE).build();
    EndpointStatus endpoint = endpoint(server, EndpointState.EJECTED, "reason" + HOSTILE);
    GroupStatus group = new GroupStatus(0, "group" + HOSTILE, 0.5, 1);
    LoadBalancerStatus status =
        new LoadBalancerStatus(
            "name" + HOSTILE, false, false, 0, List.of(group, group), List.of(endpoint));
    Change change =
        new Change(
            NOW,
            Change.Kind.STATE,
            "changed" + HOSTILE,
            null,
            EndpointState.EJECTED,
            "w" + HOSTILE);
    Change failed = new Change(NOW, Change.Kind.LIST_FAILED, null, null, null, "f" + HOSTILE);
    BalancerView view = new BalancerView(status, 0, 0, 0, Map.of(), List.of(change, failed));

    String html = html(view, view); // two have a menu with their names

    assertThat(count(html, "<script")).isEqualTo(1);
    assertThat(html).doesNotContain("<img", "\u0000", "\u001b");
    assertThat(count(html, "</title>")).isEqualTo(1);
    for (String begin : List.of("id", "zone", "reason", "group", "name", "changed", "w", "f")) {
      assertThat(html)
          .as(begin)
          .contains(
              begin
                  + "&lt;/title&gt;&lt;/bdi&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x"
                  + " onerror=&#39;a(&quot;b&quot;)&#39;&gt;&amp;\ufffd\ufffd[31m</bdi>");
    }
  }

  @Test
  void of_endlessText_showsItsBeginning() {
    String endless = "🦔".repeat(100_000);
    Server server = Server.builder("h", 1).id("x" + endless).build();
    BalancerView view =
        view(endpoint(server, EndpointState.UNHEALTHY, endless), endpoint("b", 1, "a".repeat(240)));

    String html = html(view);

    assertThat(html).hasSizeLessThan(40_000);
    assertThat(html).contains("x" + "🦔".repeat(119) + "…", "🦔".repeat(120) + "…");
    assertThat(html).contains("a".repeat(240) + "<").doesNotContain("a…");
  }

  @Test
  void of_noBalancer_saysSo() {
    assertThat(html()).contains("No balancer is watched.").contains("<title>Evenload</title>");
  }

  @Test
  void of_noServer_saysSo() {
    assertThat(html(view())).contains("No server is known.").doesNotContain("<table", "NaN");
  }

  @Test
  void of_panic_saysWhatThatMeans() {
    LoadBalancerStatus status =
        new LoadBalancerStatus(
            "orders",
            false,
            true,
            0,
            List.of(new GroupStatus(0, null, 1, 1)),
            List.of(endpoint("a", 1, "")));
    String html = html(new BalancerView(status, 0, 0, 0, Map.of(), List.of()));
    assertThat(html).contains("<strong>Panic.</strong>").doesNotContain("class=\"fair\"");
    assertThat(html(view(endpoint("a", 1, "")))).doesNotContain("Panic");
  }

  @Test
  void of_notices_showsThemEscaped() {
    LoadBalancerStatus status =
        new LoadBalancerStatus(
            "orders",
            false,
            false,
            0,
            List.of(),
            List.of(endpoint("a", 1, "")),
            null,
            null,
            List.of("62 % are not sent", "<img>"));
    String html = html(new BalancerView(status, 0, 0, 0, Map.of(), List.of()));
    assertThat(html).contains("62 % are not sent", "&lt;img&gt;").doesNotContain("<img");
  }

  @Test
  void of_servers_showsWhatIsOutFirstAndWhy() {
    EndpointStatus a = endpoint("a", 1, "");
    EndpointStatus b = endpoint(Server.of("b", 1), EndpointState.EJECTED, "5 failures in a row");
    EndpointStatus c = endpoint(Server.of("c", 1), EndpointState.BREAKER_OPEN, "60 % failed");
    String html = html(view(a, b, c));
    assertThat(rows(html)).containsExactly("b:1", "c:1", "a:1");
    assertThat(html)
        .contains("<title>(2 out) Evenload</title>")
        .contains("ejected</span> <span class=\"why\"><bdi>5 failures in a row</bdi>")
        .contains("s-breaker-open")
        .contains("12:34:56</time> UTC");
  }

  @Test
  void of_moreServersThanRows_showsThoseOutAndTheBusiest() {
    List<EndpointStatus> endpoints = new ArrayList<>();
    Map<Identity, Minute> minutes = new HashMap<>();
    for (int i = 0; i < PageHtml.MOST_ROWS + 100; i++) {
      endpoints.add(endpoint("s" + i, 1, ""));
      if (i >= 101) {
        minutes.put(Identity.of(Server.of("s" + i, 1)), minute(1, 0));
      }
    }
    endpoints.set(50, endpoint(Server.of("out", 1), EndpointState.UNHEALTHY, "timeout"));
    BalancerView view = new BalancerView(status(endpoints), 0, 0, 0, minutes, List.of());
    List<String> rows = rows(html(view));
    assertThat(rows).hasSize(PageHtml.MOST_ROWS).doesNotContain("s0:1", "s100:1");
    assertThat(rows.get(0)).isEqualTo("out:1");
    assertThat(rows).contains("s101:1", "s599:1");
    assertThat(html(view)).contains("100 more eligible servers, with less traffic, are not shown.");
  }

  @Test
  void of_manyServers_hasAPictureOfAllAndAFilter() {
    EndpointStatus[] many =
        Stream.of(Fleet.servers("s", 300).toArray(Server[]::new))
            .map(server -> endpoint(server, EndpointState.ELIGIBLE, ""))
            .toArray(EndpointStatus[]::new);
    String html = html(view(many));
    assertThat(html).contains("Filter 300 servers", "class=\"columns\"");
    assertThat(count(html, "<tr role=\"row\"><th role")).isEqualTo(300);
    assertThat(html).hasSizeLessThan(400_000);
    assertThat(html(view(Arrays.copyOf(many, 3)))).doesNotContain("Filter 3", "class=\"columns\"");
  }

  @Test
  void of_attempts_drawsThemToScale() {
    EndpointStatus a = endpoint("a", 1, "");
    EndpointStatus b = endpoint("b", 3, "");
    Map<Identity, Minute> minutes =
        Map.of(Identity.of(a.server()), minute(10, 0), Identity.of(b.server()), minute(30, 15));
    String html = html(new BalancerView(status(List.of(a, b)), 0, 0, 0, minutes, List.of()));
    // The last slot of b: all of 20 high, the failures half of it; a a third of that.
    assertThat(html)
        .contains("d=\"M116 10v-10h3v10z\"", "d=\"M116 20v-10h3v10z\"", "d=\"M116 20v-7h3v7z\"");
    // Shares of 25 and 75 %, as they should be by weight; the scale ends at twice the largest.
    assertThat(html)
        .contains("class=\"ok\" width=\"16.7\"", "class=\"fair\" x=\"16.7\"")
        .contains("class=\"ok\" width=\"50.0\"", "class=\"fair\" x=\"50.0\"")
        .contains("25.0 %", "75.0 %", "37.5 %", "0.67 <small>a second");
  }

  @Test
  void fairShares_withZonesAndPriorities_followTheGroups() {
    EndpointStatus near = zoned("near", "a", 0);
    EndpointStatus near2 = zoned("near2", "a", 0);
    EndpointStatus far = zoned("far", "b", 0);
    EndpointStatus fallback = zoned("fallback", "a", 1);
    EndpointStatus out =
        endpoint(Server.builder("out", 1).zone("a").build(), EndpointState.EJECTED, "");
    LoadBalancerStatus status =
        new LoadBalancerStatus(
            "orders",
            false,
            false,
            0,
            List.of(new GroupStatus(0, "a", 0.8, 2), new GroupStatus(0, "b", 0.2, 1)),
            List.of(near, near2, far, fallback, out));
    assertThat(new BalancerView(status, 0, 0, 0, Map.of(), List.of()).fairShares())
        .isEqualTo(Map.of("near:1", 0.4, "near2:1", 0.4, "far:1", 0.2));
  }

  @Test
  void numbers_ofAllSizes_areShort() {
    assertThat(Numbers.latency(Double.NaN)).isEqualTo("–");
    assertThat(Numbers.latency(0)).isEqualTo("0 µs");
    assertThat(Numbers.latency(850_000)).isEqualTo("850 µs");
    assertThat(Numbers.latency(12_345_678)).isEqualTo("12.3 ms");
    assertThat(Numbers.latency(234_000_000)).isEqualTo("234 ms");
    assertThat(Numbers.latency(1.2e9)).isEqualTo("1.20 s");
    assertThat(Numbers.percent(0)).isEqualTo("0 %");
    assertThat(Numbers.percent(0.0004)).isEqualTo("< 0.1 %");
    assertThat(Numbers.percent(0.9996)).isEqualTo("100 %");
    assertThat(Numbers.percent(0.125)).isEqualTo("12.5 %");
    assertThat(Numbers.decimal(1)).isEqualTo("1");
    assertThat(Numbers.decimal(0.456)).isEqualTo("0.46");
    assertThat(Numbers.decimal(23.45)).isEqualTo("23.5");
    assertThat(Numbers.decimal(1234.5)).isIn("1,234", "1,235");
  }

  /** The given numbers in the last slot. */
  private static Minute minute(int attempts, int failures) {
    int[] failed = new int[ServerCounts.SLOTS];
    int[] others = new int[ServerCounts.SLOTS];
    failed[ServerCounts.SLOTS - 1] = failures;
    others[ServerCounts.SLOTS - 1] = attempts - failures;
    return new Minute(failed, others);
  }

  private static EndpointStatus endpoint(String host, double weight, String reason) {
    return new EndpointStatus(
        Server.of(host, 1), EndpointState.ELIGIBLE, reason, weight, 0, Double.NaN, 0);
  }

  private static EndpointStatus endpoint(Server server, EndpointState state, String reason) {
    return new EndpointStatus(server, state, reason, 1, 0, Double.NaN, 0);
  }

  private static EndpointStatus zoned(String host, String zone, int priority) {
    return endpoint(
        Server.builder(host, 1).zone(zone).priority(priority).build(), EndpointState.ELIGIBLE, "");
  }

  private static LoadBalancerStatus status(List<EndpointStatus> endpoints) {
    List<GroupStatus> groups = List.of(new GroupStatus(0, null, 1, endpoints.size()));
    return new LoadBalancerStatus("orders", false, false, 0, groups, endpoints);
  }

  private static BalancerView view(EndpointStatus... endpoints) {
    return new BalancerView(status(List.of(endpoints)), 0, 0, 0, Map.of(), List.of());
  }

  private static String html(BalancerView... views) {
    return PageHtml.of(List.of(views), NOW);
  }

  private static int count(String html, String part) {
    return html.split(Pattern.quote(part), -1).length - 1;
  }

  private static List<String> rows(String html) {
    return Pattern.compile("<th role=\"rowheader\" scope=\"row\"><bdi>([^<]*)")
        .matcher(html)
        .results()
        .map((MatchResult match) -> match.group(1))
        .toList();
  }
}
