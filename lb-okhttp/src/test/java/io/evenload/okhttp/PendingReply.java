package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Response;

/** The outcome of a call that was enqueued. */
final class PendingReply implements Callback {

  private final CompletableFuture<Reply> reply = new CompletableFuture<>();

  private PendingReply() {}

  static PendingReply enqueue(Call call) {
    PendingReply pending = new PendingReply();
    call.enqueue(pending);
    return pending;
  }

  @Override
  public void onFailure(Call call, IOException failure) {
    reply.completeExceptionally(failure);
  }

  @Override
  public void onResponse(Call call, Response response) {
    try {
      reply.complete(Reply.read(response));
    } catch (IOException e) {
      reply.completeExceptionally(e);
    }
  }

  boolean done() {
    return reply.isDone();
  }

  Reply reply() {
    try {
      return reply.get(20, SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("the call failed", e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no reply", e);
    }
  }

  Throwable failure() {
    try {
      throw new AssertionError("no failure but " + reply.get(20, SECONDS));
    } catch (ExecutionException e) {
      return e.getCause();
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no outcome", e);
    }
  }
}
