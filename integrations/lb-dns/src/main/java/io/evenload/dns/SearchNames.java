package io.evenload.dns;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;

/** The names that a name may stand for, as {@code search} and {@code ndots} of resolv.conf say. */
final class SearchNames {

  private SearchNames() {}

  /**
   * Returns the absolute names to ask for, in order.
   *
   * @param name absolute, if a dot ends it; then it is the only one
   * @param domains what may be added
   * @param ndots with so many dots the name as it is comes first, else last
   */
  static List<Name> of(Name name, List<Name> domains, int ndots) {
    if (name.isAbsolute()) {
      return List.of(name);
    }
    Set<Name> names = new LinkedHashSet<>();
    boolean first = name.labels() - 1 >= ndots;
    if (first) {
      add(name, Name.root, names);
    }
    domains.forEach(domain -> add(name, domain, names));
    if (!first) {
      add(name, Name.root, names);
    }
    return new ArrayList<>(names);
  }

  private static void add(Name name, Name domain, Set<Name> names) {
    try {
      names.add(Name.concatenate(name, domain));
    } catch (NameTooLongException e) {
      // There is no such name.
    }
  }
}
