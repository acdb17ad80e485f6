package io.evenload.status;

import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.LoadBalancerStatus.GroupStatus;
import io.evenload.LoadBalancerStatus.ListStatus;
import io.evenload.Server;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The part of the page that shows one balancer. */
final class BalancerHtml {

  /** With more servers than one looks through, there is a picture of them all, and a filter. */
  private static final int MANY = 24;

  private static final int ROW_PICTURE_HEIGHT = 20;
  private static final int PICTURE_HEIGHT = 56;
  private static final double MINUTE_SECONDS = 60;

  /** A list is shown its age from here on; a source that is well confirms it sooner. */
  private static final Duration OLD_LIST = Duration.ofMinutes(2);

  private final Markup page;
  private final BalancerView view;
  private final LoadBalancerStatus status;
  private final int number;
  private final Minute minute;

  BalancerHtml(Markup page, BalancerView view, int number) {
    this.page = page;
    this.view = view;
    this.status = view.status();
    this.number = number;
    this.minute = view.minute();
  }

  void append() {
    page.raw("<section id=\"b" + number + "\" aria-labelledby=\"h" + number + "\">\n");
    page.raw("<div class=\"head\"><h2 id=\"h" + number + "\">").isolated(status.name());
    page.raw("</h2><ul class=\"states\">");
    for (EndpointState state : EndpointState.values()) {
      long servers = view.count(state);
      if (servers > 0) {
        page.raw("<li>");
        state(state, Numbers.count(servers) + " " + state);
        page.raw("</li>");
      }
    }
    page.raw("</ul></div>\n");
    if (status.panic()) {
      page.raw("<p class=\"panic\"><strong>Panic.</strong> Too few servers are eligible, so health")
          .raw(" is ignored, and those that fail get traffic too.</p>\n");
    }
    for (String notice : status.notices()) {
      page.raw("<p class=\"panic\">").isolated(notice).raw("</p>\n");
    }
    if (status.endpoints().isEmpty()) {
      page.raw("<p class=\"empty\">No server is known.</p>\n");
    } else {
      overview();
      if (status.endpoints().size() > MANY) {
        page.raw("<figure class=\"all\">");
        Pictures.columns(page, view);
        page.raw("<figcaption>Share of the last minute, by server</figcaption></figure>\n");
      }
      servers();
    }
    changes();
    page.raw("</section>\n");
  }

  private void overview() {
    long attempts = minute.attempts();
    page.raw("<div class=\"overview\"><dl>");
    tile("Eligible", Numbers.count(view.count(EndpointState.ELIGIBLE)), servers("of %s"), "");
    tile("In flight", Numbers.count(view.inFlight()), "", "");
    tile("Attempts", Numbers.decimal(attempts / MINUTE_SECONDS), "a second", "");
    double failed = attempts == 0 ? 0 : (double) minute.failures() / attempts;
    tile("Failed", Numbers.percent(failed), "", failed > 0 ? "bad" : "");
    Duration age = status.listAge();
    if (age != null && age.compareTo(OLD_LIST) >= 0) {
      tile("List", Numbers.count(age.toSeconds()), "seconds old", "");
    }
    page.raw("</dl><figure>");
    Pictures.minute(page, minute, Math.max(1, minute.peak()), PICTURE_HEIGHT);
    page.raw("<figcaption><span>Last minute</span>");
    page.raw("<span class=\"key ok\">ended</span><span class=\"key bad\">failed</span>");
    page.raw("</figcaption></figure></div>\n");
    list();
    if (status.groups().size() > 1) {
      page.raw("<ul class=\"groups\">");
      status.groups().forEach(this::group);
      page.raw("</ul>\n");
    }
  }

  /** Where the list comes from, and why it is not known to be right. */
  private void list() {
    ListStatus list = status.list();
    if (list == null) {
      return;
    }
    page.raw("<p>List: ").isolated(list.source());
    Duration age = list.failureAge();
    String failure = list.failure();
    if (age != null && failure != null) {
      page.raw(list.failing() ? ", <span class=\"bad\">failing</span>" : "")
          .text(", failed " + Numbers.count(age.toSeconds()) + " seconds ago: ")
          .isolated(failure);
    }
    page.raw("</p>\n");
  }

  private String servers(String words) {
    return String.format(words, Numbers.count(status.endpoints().size()));
  }

  private void tile(String name, String value, String unit, String style) {
    page.raw("<div><dt>" + name + "</dt><dd class=\"" + style + "\">").text(value);
    if (!unit.isEmpty()) {
      page.raw(" <small>").text(unit).raw("</small>");
    }
    page.raw("</dd></div>");
  }

  private void group(GroupStatus group) {
    String zone = group.zone();
    page.raw("<li>");
    if (zone != null) {
      page.raw("zone ").isolated(zone).raw(" ");
    }
    page.raw("priority " + group.priority() + " <strong>")
        .text(Numbers.percent(group.share()))
        .raw("</strong></li>");
  }

  private void servers() {
    List<EndpointStatus> endpoints = new ArrayList<>(status.endpoints());
    boolean many = endpoints.size() > MANY;
    if (many) {
      page.raw("<p class=\"filter\"><input type=\"search\" placeholder=\"Filter ")
          .text(servers("%s servers"))
          .raw("\" aria-label=\"Filter servers\" data-rows=\"r" + number + "\"></p>\n");
    }
    endpoints.sort(Comparator.comparing(endpoint -> endpoint.state() == EndpointState.ELIGIBLE));
    int left = endpoints.size() - PageHtml.MOST_ROWS;
    if (left > 0) {
      endpoints.sort(
          Comparator.<EndpointStatus, Boolean>comparing(e -> e.state() == EndpointState.ELIGIBLE)
              .thenComparing(e -> -view.minute(e).attempts()));
      endpoints.subList(PageHtml.MOST_ROWS, endpoints.size()).clear();
    }
    page.raw(
            "<table role=\"table\"" + (many ? " class=\"many\"" : "") + "><thead><tr role=\"row\">")
        .raw("<th scope=\"col\">Server</th><th scope=\"col\">State</th>")
        .raw(
            "<th scope=\"col\" class=\"n\">Weight</th><th scope=\"col\" class=\"n\">In flight</th>")
        .raw("<th scope=\"col\" class=\"n\">Latency</th><th scope=\"col\" class=\"n\">Failing</th>")
        .raw("<th scope=\"col\">Last minute</th><th scope=\"col\" class=\"n\">Share")
        .raw(" <span class=\"key fair\">by weight</span></th>")
        .raw("</tr></thead>\n<tbody id=\"r" + number + "\">\n");
    new Rows(endpoints).append();
    page.raw("</tbody></table>\n");
    if (left > 0) {
      page.raw("<p class=\"more\">" + Numbers.count(left) + " more eligible servers, with less")
          .raw(" traffic, are not shown.</p>\n");
    }
  }

  private void state(EndpointState state, String words) {
    page.raw("<span class=\"state " + Pictures.style(state) + "\">").text(words).raw("</span>");
  }

  private void changes() {
    if (view.changes().isEmpty()) {
      return;
    }
    page.raw("<details open><summary>Recent changes</summary><ol>\n");
    for (Change change : view.changes()) {
      page.raw("<li><time datetime=\"").text(change.time().toString()).raw("\">");
      page.text(PageHtml.CLOCK.format(change.time())).raw("</time><span class=\"what\">");
      String server = change.server();
      page.isolated(server == null ? "Server list" : server).raw("</span><span class=\"how\">");
      EndpointState to = change.to();
      if (to != null) {
        state(to, to.toString());
        page.raw(" ");
      } else {
        page.raw(
            switch (change.kind()) {
              case DRAINED -> "<span class=\"state s-draining\">drained</span> ";
              case LIST_FAILED -> "<span class=\"state s-unhealthy\">failed</span> ";
              case LIST, STATE -> "";
            });
      }
      page.isolated(change.text()).raw("</span></li>\n");
    }
    page.raw("</ol></details>\n");
  }

  /** The rows of the table, with pictures of one scale. */
  private final class Rows {
    private final List<EndpointStatus> endpoints;
    private final Map<String, Double> fairShares = view.fairShares();
    private final long attempts = minute.attempts();
    private final double fullShare;
    private final int peak;

    Rows(List<EndpointStatus> endpoints) {
      this.endpoints = endpoints;
      // An even share ends in the middle, so that more can be seen as well as less.
      double most = fairShares.values().stream().mapToDouble(fair -> 2 * fair).max().orElse(0);
      int highest = 1;
      for (EndpointStatus endpoint : endpoints) {
        most = Math.max(most, share(endpoint));
        highest = Math.max(highest, view.minute(endpoint).peak());
      }
      fullShare = most;
      peak = highest;
    }

    private double share(EndpointStatus endpoint) {
      return attempts == 0 ? 0 : (double) view.minute(endpoint).attempts() / attempts;
    }

    /** The reason, without the state if it begins with that. */
    private static String why(EndpointStatus endpoint) {
      String state = endpoint.state().toString();
      String reason = endpoint.reason();
      return reason.startsWith(state + ": ") || reason.equals(state)
          ? reason.substring(Math.min(reason.length(), state.length() + 2))
          : reason;
    }

    void append() {
      for (EndpointStatus endpoint : endpoints) {
        page.raw("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">");
        server(endpoint.server());
        page.raw("</th>");
        cell("st", "State");
        state(endpoint.state(), endpoint.state().toString());
        String why = why(endpoint);
        if (!why.isEmpty()) {
          page.raw(" <span class=\"why\">").isolated(why).raw("</span>");
        }
        page.raw("</td>");
        number("Weight", Numbers.decimal(endpoint.weight()), false);
        number("In flight", Numbers.count(endpoint.inFlight()), false);
        number("Latency", Numbers.latency(endpoint.latencyNanos()), false);
        double failing = endpoint.failureRate();
        number("Failing", Numbers.percent(failing), failing > 0);
        cell("m", "Last minute");
        Pictures.minute(page, view.minute(endpoint), peak, ROW_PICTURE_HEIGHT);
        page.raw("</td>");
        double share = share(endpoint);
        cell("n sh", "Share");
        Pictures.share(
            page, share, fairShares.getOrDefault(endpoint.server().id(), -1.0), fullShare);
        page.raw("<span>").text(Numbers.percent(share)).raw("</span></td></tr>\n");
      }
    }

    private void server(Server server) {
      page.isolated(server.id());
      List<String> more = new ArrayList<>();
      String address = Server.of(server.host(), server.port()).id();
      if (!address.equals(server.id())) {
        more.add(address);
      }
      String zone = server.zone();
      if (zone != null) {
        more.add(zone);
      }
      if (server.priority() > 0) {
        more.add("priority " + server.priority());
      }
      if (!more.isEmpty()) {
        page.raw(" <small>").isolated(String.join(" · ", more)).raw("</small>");
      }
    }

    private void number(String name, String value, boolean bad) {
      cell(bad ? "n bad" : "n", name);
      page.text(value).raw("</td>");
    }

    private void cell(String style, String name) {
      page.raw("<td role=\"cell\" class=\"" + style + "\" data-name=\"" + name + "\">");
    }
  }
}
