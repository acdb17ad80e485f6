package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.okhttp.internal.route.FollowUp;
import io.evenload.okhttp.internal.route.MisroutedException;
import io.evenload.okhttp.internal.route.ServerDns;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Sends one attempt to one server, and makes sure that it goes there. */
final class Router {

  /*
   * The URL stays as it is, so that Host, SNI, certificates, cookies, the cache and redirects see the logical name. The
   * chain gets a Dns that leads to the server, and a socket factory if the server's port is not the URL's. Only
   * the path may become another on the way, where servers have one before theirs.
   *
   * An attempt after the first has to get off the connection of the last one: see AttemptTrace.detach. If the call is still
   * attached after that, or if ever an attempt was seen to go astray, the OkHttp at hand does not do what was measured.
   * Then such attempts are made by calls of their own, which have no connection to keep: see NestedCall.
   */

  private final NestedCall.Clients clients;
  private final PathPrefix pathPrefix;
  private final ServerRoutes routes;
  private final Predicate<String> services;
  private final @Nullable BiPredicate<BalancedService, Request> elsewhere;
  private final CallListener listener;
  private final RateLimitedLog log;
  private final boolean detaches;
  private final AtomicBoolean astray = new AtomicBoolean();

  /**
   * Creates the router of an interceptor.
   *
   * @param clients makes the calls that carry a single attempt
   * @param services whether a host may be a service's, so that another server has to be chosen when
   *     a redirect leads there
   * @param elsewhere whether a redirect within the host of a service is not for that service to
   *     answer; null if that is never so
   */
  Router(
      NestedCall.Clients clients,
      ServerRoutes routes,
      Predicate<String> services,
      @Nullable BiPredicate<BalancedService, Request> elsewhere,
      PathPrefix pathPrefix,
      CallListener listener,
      RateLimitedLog log,
      boolean detaches) {
    this.clients = clients;
    this.routes = routes;
    this.services = services;
    this.elsewhere = elsewhere;
    this.pathPrefix = pathPrefix;
    this.listener = listener;
    this.log = log;
    this.detaches = detaches;
  }

  /**
   * Sends the attempt by the call itself, if nothing keeps that from the server, or by one of its
   * own.
   *
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response send(Passage passage, AttemptRecord attempt) throws IOException {
    Request logical = passage.timed();
    ServerDns dns = route(passage, attempt);
    boolean detached = detached(passage.chain, attempt, dns);
    attempt.carrier().expect(dns);
    attempt.carrier().lookFirst(passage.countsOnConnection());
    followUps(passage, attempt);
    Request request = pathPrefix.added(logical, attempt.server());
    try {
      Response response = send(passage, attempt, logical, request, dns, detached);
      return withoutPrefix(response, logical, request, attempt);
    } catch (Exception e) {
      throw told(e, passage, attempt);
    } finally {
      tellOfMisroute(host(passage), attempt);
    }
  }

  private Response send(
      Passage passage,
      AttemptRecord attempt,
      Request logical,
      Request request,
      ServerDns dns,
      boolean detached)
      throws IOException {
    if (detached) {
      try {
        return attempt.carrier().proceed(passage.chain, request, dns);
      } catch (MisroutedException e) {
        wentAstray(host(passage), attempt.server(), e.actual());
      }
    }
    NestedCall nested = nested(passage, attempt, logical, request, dns, Duration.ZERO);
    return requireNonNull(nested.execute()); // nobody else knows it, so nobody leaves it
  }

  /**
   * Returns a call that is to carry the attempt.
   *
   * @throws IOException if OkHttp does not tell the client of a call
   */
  NestedCall nested(Passage passage, AttemptRecord attempt) throws IOException {
    Request logical = passage.timed();
    Request request = pathPrefix.added(logical, attempt.server());
    ServerDns dns = route(passage, attempt);
    return nested(passage, attempt, logical, request, dns, passage.policy.attemptTimeout());
  }

  private NestedCall nested(
      Passage passage,
      AttemptRecord attempt,
      Request logical,
      Request request,
      ServerDns dns,
      Duration attemptTimeout)
      throws IOException {
    NestedCall nested =
        NestedCall.of(clients, passage, attempt, logical, request, dns, attemptTimeout);
    followUps(passage, attempt);
    return nested;
  }

  /** Sees to what OkHttp sends by itself when it follows up on the attempt's answer. */
  private void followUps(Passage passage, AttemptRecord attempt) {
    Carrier carrier = attempt.carrier();
    BiPredicate<BalancedService, Request> leaves = elsewhere;
    if (leaves != null) {
      carrier.leavesFor(next -> leaves(leaves, passage, attempt, next));
    }
    String header = passage.timeHeader();
    carrier.timedBy(
        header == null
            ? null
            : next -> passage.retimed(next, header, attempt.ageNanos(passage.balanced.now())));
  }

  private boolean leaves(
      BiPredicate<BalancedService, Request> leaves,
      Passage passage,
      AttemptRecord attempt,
      Request next) {
    try {
      return leaves.test(
          passage.service, pathPrefix.removed(next, host(passage), attempt.server()));
    } catch (IOException e) {
      return false; // the server's prefix is not known any more: it stays there
    }
  }

  /** Returns where the call begins anew after a redirect. */
  private ServiceRedirect redirect(FollowUp next, Passage passage, AttemptRecord attempt)
      throws IOException {
    Request followUp = pathPrefix.removed(next.request(), host(passage), attempt.server());
    return new ServiceRedirect(passage.untimed(followUp), next.redirect());
  }

  /**
   * Sends the attempt that the call carries; returns null if that was left meanwhile.
   *
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  @Nullable Response send(Passage passage, NestedCall nested) throws IOException {
    AttemptRecord attempt = nested.record();
    try {
      Response response = nested.execute();
      return response == null
          ? null
          : withoutPrefix(response, nested.logical(), nested.request(), attempt);
    } catch (Exception e) {
      throw told(e, passage, attempt);
    } finally {
      tellOfMisroute(host(passage), attempt);
    }
  }

  private Response withoutPrefix(
      Response response, Request logical, Request sent, AttemptRecord attempt) throws IOException {
    try {
      return pathPrefix.removed(response, logical, sent, attempt.server());
    } catch (Throwable e) {
      response.close(); // nobody else knows it yet
      throw e;
    }
  }

  /** Returns the way to the server. */
  private ServerDns route(Passage passage, AttemptRecord attempt) {
    return routes
        .to(host(passage), attempt.server(), passage.chain.getDns(), attempt.freshConnection())
        .within(passage.service.networks())
        .connectionsUpTo(passage.options.connections().maxAgeNanos());
  }

  private static String host(Passage passage) {
    return passage.request.url().host();
  }

  /** Returns what an attempt fails with for what was thrown. */
  private IOException told(Exception thrown, Passage passage, AttemptRecord attempt) {
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    FollowUp next = attempt.carrier().followUp();
    if (next != null && isRedirected(thrown, next, attempt)) {
      try {
        return redirect(next, passage, attempt);
      } catch (IOException e) {
        return e; // the server's prefix is not known any more
      }
    }
    if (thrown instanceof MisroutedException e) {
      wentAstray(host(passage), attempt.server(), e.actual());
    }
    if (thrown instanceof IOException e) {
      return e;
    }
    return BalancedCall.interrupted(thrown); // as OkHttp connected: Kotlin need not declare that
  }

  private boolean isRedirected(Exception thrown, FollowUp next, AttemptRecord attempt) {
    return attempt.carrier().leaves()
        ? !attempt.carrier().canceled()
        : thrown instanceof UnknownHostException && services.test(next.request().url().host());
  }

  private void tellOfMisroute(String host, AttemptRecord attempt) {
    ServerDns actual = attempt.carrier().misroutedTo();
    if (actual != null) {
      wentAstray(host, attempt.server(), actual.authority());
    }
  }

  /** Returns whether the call itself can make the attempt. */
  private boolean detached(Interceptor.Chain chain, AttemptRecord attempt, ServerDns dns) {
    if (astray.get() && !attempt.isFirst()) {
      return false;
    }
    return !detaches || attempt.carrier().detach(chain, dns);
  }

  private void wentAstray(String host, Server server, String actual) {
    listener.misrouted(new CallListener.Misrouted(host, server, actual));
    if (astray.compareAndSet(false, true)) {
      log.warn(
          host
              + ": an attempt at "
              + server.id()
              + " went to "
              + actual
              + "; from now on retries are made by calls of their own (unless an interceptor behind"
              + " this one changes the Dns or the socket factory, please report this with the"
              + " version of OkHttp)",
          null);
    }
  }
}
