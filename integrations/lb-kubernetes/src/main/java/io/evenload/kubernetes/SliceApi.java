package io.evenload.kubernetes;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Response;

/** The requests for the EndpointSlices of one service. For one thread. */
final class SliceApi {

  private static final int NOT_FOUND = 404;
  private static final String V1 = "v1";
  private static final String V1BETA1 = "v1beta1"; // up to Kubernetes 1.24

  /** More than the largest clusters have pods: a list without an end is a failure. */
  private static final int MOST_ENDPOINTS = 1_000_000;

  /** Long enough for thousands of pods from a busy API server, all pages together. */
  static final Duration LIST_TIMEOUT = Duration.ofSeconds(30);

  /** How much later than agreed a watch may end. */
  static final Duration SLACK = Duration.ofSeconds(5);

  private final KubernetesServerList.Builder options;
  private final Caller caller;
  private final LongSupplier nanoTime = System::nanoTime;
  private String version = V1;

  SliceApi(KubernetesServerList.Builder options, Caller caller) {
    this.options = options;
    this.caller = caller;
  }

  /** Sends a call, so that it can be cancelled meanwhile. */
  @FunctionalInterface
  interface Caller {
    Response execute(Call call) throws IOException;
  }

  /** All slices, and the version that a watch of what follows begins at. */
  record Listing(List<ApiObject> slices, String resourceVersion) {}

  /**
   * Lists all slices, by the API version that the API server knows.
   *
   * @param resourceVersion that the list must have at least: "0" for any that the API server has at
   *     hand, "" for the newest there is
   */
  Listing list(String resourceVersion) throws IOException {
    try {
      return listAs(version, resourceVersion);
    } catch (ApiException e) {
      if (e.code() != NOT_FOUND) {
        throw e;
      }
      String other = version.equals(V1) ? V1BETA1 : V1;
      Listing listing = listAs(other, resourceVersion);
      version = other;
      return listing;
    }
  }

  private Listing listAs(String as, String resourceVersion) throws IOException {
    List<ApiObject> slices = new ArrayList<>();
    long endpoints = 0;
    HttpUrl url = url(as).addQueryParameter("resourceVersion", resourceVersion).build();
    long end = nanoTime.getAsLong() + options.listTimeout().toNanos();
    while (true) {
      ApiObject page = page(url, end - nanoTime.getAsLong());
      slices.addAll(page.items);
      endpoints += page.items.stream().mapToLong(slice -> slice.members.size() + 1L).sum();
      if (endpoints > MOST_ENDPOINTS) {
        throw new IOException("the list has more than " + MOST_ENDPOINTS + " endpoints and slices");
      }
      if (page.resourceVersion.isEmpty()) {
        throw new IOException("the list of slices has no resourceVersion");
      }
      if (page.continuation.isEmpty()) {
        return new Listing(slices, page.resourceVersion);
      }
      url = url(as).addQueryParameter("continue", page.continuation).build();
    }
  }

  private ApiObject page(HttpUrl url, long nanos) throws IOException {
    if (nanos <= 0) {
      throw new SocketTimeoutException("no whole list within " + options.listTimeout());
    }
    OkHttpClient client = options.cluster().client().get();
    Call call = client.newCall(options.cluster().request(url).build());
    call.timeout().timeout(nanos, TimeUnit.NANOSECONDS);
    try (Response response = caller.execute(call)) {
      KubernetesCluster.throwIfRefused(response);
      return ApiObject.read(response.body().byteStream());
    }
  }

  /**
   * Begins a watch of what follows this version: one event as JSON on each line.
   *
   * @param seconds after which the API server is to end it
   */
  Response watch(String resourceVersion, long seconds) throws IOException {
    HttpUrl url =
        url(version)
            .addQueryParameter("watch", "1")
            .addQueryParameter("allowWatchBookmarks", "true")
            .addQueryParameter("resourceVersion", resourceVersion)
            .addQueryParameter("timeoutSeconds", Long.toString(seconds))
            .build();
    OkHttpClient patient =
        options.cluster().client().get().newBuilder().readTimeout(Duration.ZERO).build();
    Call call =
        patient.newCall(
            options.cluster().request(url).header("Accept-Encoding", "identity").build());
    call.timeout().timeout(seconds + SLACK.toSeconds(), TimeUnit.SECONDS);
    Response response = caller.execute(call);
    try {
      KubernetesCluster.throwIfRefused(response);
      return response;
    } catch (Throwable e) {
      response.close();
      throw e;
    }
  }

  private HttpUrl.Builder url(String as) {
    return options
        .cluster()
        .url()
        .addPathSegments("apis/discovery.k8s.io")
        .addPathSegment(as)
        .addPathSegment("namespaces")
        .addPathSegment(options.namespace())
        .addPathSegment("endpointslices")
        .addQueryParameter("labelSelector", "kubernetes.io/service-name=" + options.service());
  }
}
