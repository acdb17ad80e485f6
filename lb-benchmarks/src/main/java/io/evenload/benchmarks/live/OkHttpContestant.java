package io.evenload.benchmarks.live;

import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * OkHttp with this library: all defaults but the chooser and the retries, of which it makes none.
 */
final class OkHttpContestant implements Contestant {

  private static final int CALLS_AT_ONCE = 4096;

  private final Chooser chooser;

  private OkHttpContestant(Chooser chooser) {
    this.chooser = chooser;
  }

  /** Takes the name of a chooser. */
  public static void main(String[] args) throws Exception {
    Contestant.compete(
        new OkHttpContestant(
            switch (args[0]) {
              case "powerOfTwoChoices" -> Choosers.powerOfTwoChoices();
              case "shortestExpectedDelay" -> Choosers.shortestExpectedDelay();
              case "leastLoaded" -> Choosers.leastLoaded();
              case "peakEwma" -> Choosers.peakEwma();
              case "roundRobin" -> Choosers.roundRobin();
              default -> throw new IllegalArgumentException("chooser: " + args[0]);
            }));
  }

  @Override
  public Contestant.LiveServer serve(TimedQueue queue) throws IOException {
    return HttpWorkServer.start(queue);
  }

  @Override
  public Client client(List<Integer> ports) {
    LoadBalancer balancer =
        LoadBalancer.builder("live")
            .servers(
                ServerList.of(ports.stream().map(port -> Server.of("127.0.0.1", port)).toList()))
            .chooser(chooser)
            .build();
    OkHttpClient client =
        LoadBalancingInterceptor.builder()
            .service("live", balancer)
            .retry(RetryPolicy.none())
            .build()
            .install(new OkHttpClient.Builder(), CALLS_AT_ONCE)
            .callTimeout(Duration.ofSeconds(TIMEOUT_SECONDS))
            .build();
    return new OkHttp(balancer, client);
  }

  private record OkHttp(LoadBalancer balancer, OkHttpClient client) implements Client {

    @Override
    public void call(long workNanos, Consumer<Boolean> done) {
      Request request = new Request.Builder().url("http://live/" + workNanos).build();
      client
          .newCall(request)
          .enqueue(
              new Callback() {
                @Override
                public void onFailure(Call call, IOException e) {
                  done.accept(false);
                }

                @Override
                public void onResponse(Call call, Response response) {
                  boolean success = false;
                  try (response) {
                    success = response.isSuccessful() && response.body().bytes().length > 0;
                  } catch (IOException e) {
                    // It is no success.
                  }
                  done.accept(success);
                }
              });
    }

    @Override
    public void close() {
      client.dispatcher().cancelAll();
      client.dispatcher().executorService().shutdown();
      client.connectionPool().evictAll();
      balancer.close();
    }
  }
}
