package io.evenload.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page in a real browser. With {@code -Dscreenshot=write} the picture in {@code docs} is made
 * anew.
 */
class StatusPageIT {

  private static final long LARGEST_PICTURE = 300_000;
  private static final String HOSTILE = "<img src=x onerror=document.title='hacked'>";

  @TempDir Path directory;

  private final Traffic traffic = new Traffic();

  @Test
  void screenshot_onABadDay_isMade() throws Exception {
    try (StatusPage page = Fleet.onABadDay(traffic);
        StatusServer server = StatusServer.start(page, 0)) {
      boolean write = "write".equals(System.getProperty("screenshot"));
      Path picture = write ? Path.of("../../docs/status-page.png") : directory.resolve("page.png");
      new Chromium(directory).screenshot(server.uri(), picture, 1280, 1180);
      assertThat(Files.size(picture)).isBetween(20_000L, LARGEST_PICTURE);
    }
  }

  @Test
  void page_asTimeGoesOn_showsWhatIsNewInPlace() throws Exception {
    LoadBalancer orders =
        traffic.balancer("orders", ServerList.of(Server.of("a", 1), Server.of("b", 1))).build();
    AtomicInteger requests = new AtomicInteger();
    try (StatusPage page = traffic.page().balancer(orders).build()) {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      var handler = page.handler();
      server.createContext(
          "/",
          exchange -> {
            if (requests.incrementAndGet() == 3) {
              orders.admin().drain("b:1");
            }
            handler.handle(exchange);
          });
      server.start();
      try {
        URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/");
        String dom = new Chromium(directory).dom(uri, 7_000);
        assertThat(requests).hasValueGreaterThanOrEqualTo(3);
        assertThat(dom).contains("drained by hand", "1 draining", "1 eligible", "class=\"live\"");
      } finally {
        server.stop(0);
      }
    }
  }

  @Test
  void page_theServerIsGone_saysSinceWhen() throws Exception {
    byte[] html;
    try (StatusPage page = Fleet.onABadDay(traffic)) {
      html = page.html().getBytes(UTF_8);
    }
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    AtomicInteger requests = new AtomicInteger();
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            exchange.sendResponseHeaders(requests.incrementAndGet() == 1 ? 200 : 503, html.length);
            exchange.getResponseBody().write(html);
          }
        });
    server.start();
    try {
      URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/");
      assertThat(new Chromium(directory).dom(uri, 5_000)).contains("class=\"live stale\"");
    } finally {
      server.stop(0);
    }
  }

  @Test
  void page_hostileServer_isShownAsText() throws Exception {
    Server server = Server.builder("h", 1).id(HOSTILE).zone(HOSTILE).build();
    LoadBalancer orders = traffic.balancer(HOSTILE, ServerList.of(server)).build();
    try (StatusPage page = traffic.page().balancer(orders).build();
        StatusServer statusServer = StatusServer.start(page, 0)) {
      orders.admin().drain(HOSTILE, Duration.ofHours(1), HOSTILE);
      traffic.time.advance(ServerCounts.SLOT);
      String dom = new Chromium(directory).dom(statusServer.uri(), 5_000);
      assertThat(dom).contains("&lt;img src=x").doesNotContain("<img").contains("<title>Evenload");
    }
  }
}
