package com.example;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import okhttp3.Request;

/** Passes if the first call fails with a message that names both jars and the cure. */
final class BothJars {
  public static void main(String[] args) {
    Throwable failure = firstCall();
    for (Throwable t = failure; t != null; t = t.getCause()) {
      String message = String.valueOf(t.getMessage());
      // "okhttp" on its own, and not as a part of the two others.
      String rest = message.replace("okhttp-jvm", "").replace("okhttp-bom", "");
      if (Stream.of("okhttp-jvm", "okhttp-bom").allMatch(message::contains)
          && rest.contains("okhttp")) {
        System.out.println("failed as it should: " + t);
        return;
      }
    }
    throw new AssertionError("no message names okhttp, okhttp-jvm and okhttp-bom", failure);
  }

  private static Throwable firstCall() {
    // Nothing listens on port 1, and nothing must be sent there.
    try (LoadBalancer balancer = LoadBalancer.of("orders", Server.of("127.0.0.1", 1))) {
      OkHttpClient client =
          new OkHttpClient.Builder()
              .addInterceptor(LoadBalancingInterceptor.of("orders", balancer))
              .build();
      client.newCall(new Request.Builder().url("http://orders/").build()).execute().close();
      return null;
    } catch (Throwable e) {
      return e;
    }
  }
}
