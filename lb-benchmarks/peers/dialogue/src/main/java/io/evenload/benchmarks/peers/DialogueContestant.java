package io.evenload.benchmarks.peers;

import com.google.common.collect.ListMultimap;
import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import com.palantir.conjure.java.api.config.service.UserAgent;
import com.palantir.conjure.java.client.config.ClientConfiguration;
import com.palantir.conjure.java.client.config.ClientConfigurations;
import com.palantir.conjure.java.client.config.NodeSelectionStrategy;
import com.palantir.dialogue.Channel;
import com.palantir.dialogue.Endpoint;
import com.palantir.dialogue.HttpMethod;
import com.palantir.dialogue.Request;
import com.palantir.dialogue.Response;
import com.palantir.dialogue.UrlBuilder;
import com.palantir.dialogue.hc5.ApacheHttpClientChannels;
import io.evenload.benchmarks.live.Contestant;
import io.evenload.benchmarks.live.HttpWorkServer;
import io.evenload.benchmarks.live.TimedQueue;
import java.io.IOException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Dialogue over Apache's client, with all defaults but the balancing, the timeouts and the retries.
 */
public final class DialogueContestant implements Contestant {

  private static final Work WORK = new Work();

  private final NodeSelectionStrategy strategy;

  private DialogueContestant(NodeSelectionStrategy strategy) {
    this.strategy = strategy;
  }

  /**
   * Takes the name of a strategy of Dialogue's configuration; its ROUND_ROBIN is what it calls
   * balanced elsewhere.
   */
  public static void main(String[] args) throws Exception {
    Contestant.compete(new DialogueContestant(NodeSelectionStrategy.valueOf(args[0])));
  }

  @Override
  public LiveServer serve(TimedQueue queue) throws IOException {
    return HttpWorkServer.start(queue);
  }

  @Override
  public Client client(List<Integer> ports) throws Exception {
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init((KeyStore) null);
    ClientConfiguration configuration =
        ClientConfiguration.builder()
            .from(
                ClientConfigurations.of(
                    ports.stream().map(port -> "http://127.0.0.1:" + port).toList(),
                    (SSLSocketFactory) SSLSocketFactory.getDefault(),
                    (X509TrustManager) trust.getTrustManagers()[0]))
            .readTimeout(Duration.ofSeconds(TIMEOUT_SECONDS))
            .maxNumRetries(0)
            .nodeSelectionStrategy(strategy)
            .userAgent(UserAgent.of(UserAgent.Agent.of("live", "1.0.0")))
            .build();
    Channel channel = ApacheHttpClientChannels.create(configuration, "live");
    return new Client() {
      @Override
      public void call(long workNanos, Consumer<Boolean> done) {
        Request request = Request.builder().putPathParams("work", "" + workNanos).build();
        Futures.addCallback(
            channel.execute(WORK, request), new Answer(done), MoreExecutors.directExecutor());
      }

      @Override
      public void close() {}
    };
  }

  private record Answer(Consumer<Boolean> done) implements FutureCallback<Response> {

    @Override
    public void onSuccess(Response response) {
      boolean success = response.code() == 200;
      response.close();
      done.accept(success);
    }

    @Override
    public void onFailure(Throwable cause) {
      done.accept(false);
    }
  }

  private static final class Work implements Endpoint {

    @Override
    public void renderPath(ListMultimap<String, String> parameters, UrlBuilder url) {
      url.pathSegment(parameters.get("work").get(0));
    }

    @Override
    public HttpMethod httpMethod() {
      return HttpMethod.GET;
    }

    @Override
    public String serviceName() {
      return "live";
    }

    @Override
    public String endpointName() {
      return "work";
    }

    @Override
    public String version() {
      return "1.0.0";
    }
  }
}
