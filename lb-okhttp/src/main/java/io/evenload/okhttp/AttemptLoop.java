package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/** Answers a call: attempt after attempt as they are planned, until one may be given out. */
final class AttemptLoop implements CallHandler {

  /*
   * Each attempt ends exactly once: a failed one when that is known, and the one whose response the caller gets when the
   * call ends that carries it (Carrier).
   */

  private final BalancedService service;
  private final AttemptPlanner planner;
  private final AttemptMaker maker;

  AttemptLoop(BalancedService service, AttemptPlanner planner, AttemptMaker maker) {
    this.service = service;
    this.planner = planner;
    this.maker = maker;
  }

  @Override
  public Response handle(Interceptor.Chain chain, Request request, BalancedCall balanced)
      throws IOException {
    Passage passage = new Passage(service, chain, request, balanced);
    AttemptRecord tried = made(passage, planner.first(passage));
    AttemptRecord next = planner.next(passage, tried);
    while (next != null) {
      tried = made(passage, next);
      next = planner.next(passage, tried);
    }
    return conclude(passage, tried);
  }

  private AttemptRecord made(Passage passage, AttemptRecord begun) throws IOException {
    AttemptRecord made = maker.make(passage, begun);
    passage.balanced.decidedBy(made);
    return made;
  }

  /** Gives the caller what came of the last attempt. */
  private static Response conclude(Passage passage, AttemptRecord tried) throws IOException {
    Response response = tried.response();
    if (response != null) {
      Response given =
          passage.service.streams.watched(
              tried.keep(response), tried, passage.options.connections());
      passage.session.answered(tried.server(), tried.verdict().outcome());
      return given;
    }
    ServiceRedirect redirect = tried.redirect();
    if (redirect != null) {
      tried.end();
      passage.session.answered(tried.server(), tried.verdict().outcome());
      throw redirect;
    }
    if (tried.verdict().canceled() && tried.carrier().canceled()) {
      tried.keepUntilItIsTold();
    } else {
      tried.end();
    }
    throw requireNonNull(tried.failure());
  }
}
