package io.evenload.dns;

import io.evenload.Server;
import java.io.IOException;
import java.util.List;
import org.xbill.DNS.Name;

/** How the servers of one list are found. */
@FunctionalInterface
interface Look {

  /**
   * Returns the servers; none if there is no such name, or nothing of the kind there.
   *
   * @param names what the name may stand for
   * @throws IOException if that cannot be said now
   */
  List<Server> find(List<Name> names, Questions questions) throws IOException;
}
