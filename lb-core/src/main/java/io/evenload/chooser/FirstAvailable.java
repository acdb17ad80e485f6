package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import java.util.List;

/** The first endpoint of the list, see {@link Choosers#firstAvailable}. */
final class FirstAvailable implements Chooser {

  static final Chooser RECIPE = new FirstAvailable();

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    for (int i = 0; i < eligible.size(); i++) {
      Endpoint endpoint = eligible.get(i);
      if (!request.skips(endpoint)) {
        return endpoint;
      }
    }
    return eligible.get(0);
  }

  @Override
  public boolean orderMatters() {
    return true;
  }

  @Override
  public String toString() {
    return "firstAvailable";
  }
}
