package io.evenload.benchmarks;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;

/**
 * What balancing adds to a whole OkHttp call: bare OkHttp and OkHttp with the interceptor, all
 * defaults on, call the same server in turn, round by round, so that the machine's moods meet both
 * alike. Each round gives one ratio of elapsed times; the median of them counts.
 */
final class CallOverhead {

  private static final int WARMUP_ROUNDS = 10;
  private static final int ROUNDS = 151;
  private static final int CALLS_PER_ROUND = 1_000;

  private final OkHttpClient bare;
  private final Request bareRequest;
  private final OkHttpClient balanced;
  private final Request balancedRequest = new Request.Builder().url("http://orders/").build();

  private CallOverhead(Protocol protocol, int port, LoadBalancer balancer) {
    bareRequest = new Request.Builder().url("http://127.0.0.1:" + port + "/").build();
    bare = CallRound.client(protocol).build();
    balanced =
        LoadBalancingInterceptor.of("orders", balancer).install(CallRound.client(protocol)).build();
  }

  /** One protocol's result. */
  record Result(
      String protocol,
      double medianRatio,
      double lowerQuartile,
      double upperQuartile,
      long bareBytes,
      long balancedBytes) {

    String row() {
      return String.format(
          Locale.ROOT,
          "| %s | %.3f | %.3f to %.3f | %d | %d |",
          protocol,
          medianRatio,
          lowerQuartile,
          upperQuartile,
          bareBytes,
          balancedBytes);
    }
  }

  /** Measures each protocol; returns a table in Markdown. */
  static String table() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("### Whole calls\n");
    lines.add("| protocol | balanced / bare, median | quartiles | B/call bare | B/call balanced |");
    lines.add("|---|--:|--:|--:|--:|");
    lines.add(measure(Protocol.HTTP_1_1).row());
    lines.add(measure(Protocol.H2_PRIOR_KNOWLEDGE).row());
    return String.join("\n", lines) + "\n";
  }

  private static Result measure(Protocol protocol) throws IOException {
    try (MockWebServer server = CallRound.server(protocol);
        LoadBalancer balancer =
            LoadBalancer.of("orders", Server.of("127.0.0.1", server.getPort()))) {
      return new CallOverhead(protocol, server.getPort(), balancer).run(protocol);
    }
  }

  private Result run(Protocol protocol) throws IOException {
    for (int i = 0; i < WARMUP_ROUNDS; i++) {
      round(bare, bareRequest);
      round(balanced, balancedRequest);
    }
    double[] ratios = new double[ROUNDS];
    long bareBytes = 0;
    long balancedBytes = 0;
    for (int i = 0; i < ROUNDS; i++) {
      boolean bareFirst = i % 2 == 0;
      CallRound first = bareFirst ? round(bare, bareRequest) : round(balanced, balancedRequest);
      CallRound second = bareFirst ? round(balanced, balancedRequest) : round(bare, bareRequest);
      CallRound one = bareFirst ? first : second;
      CallRound other = bareFirst ? second : first;
      ratios[i] = (double) other.nanos() / one.nanos();
      bareBytes += one.bytes();
      balancedBytes += other.bytes();
    }
    Arrays.sort(ratios);
    long calls = (long) ROUNDS * CALLS_PER_ROUND;
    return new Result(
        protocol.toString(),
        ratios[ROUNDS / 2],
        ratios[ROUNDS / 4],
        ratios[ROUNDS * 3 / 4],
        bareBytes / calls,
        balancedBytes / calls);
  }

  private static CallRound round(OkHttpClient client, Request request) throws IOException {
    return CallRound.of(client, request, CALLS_PER_ROUND);
  }
}
