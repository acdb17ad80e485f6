package io.evenload.dns;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

/**
 * What a name server says to a {@link Question}.
 *
 * @param records of the type that was asked for; none if the name, or the type there, does not
 *     exist
 * @param additional what the name server added of itself
 * @param ttlSeconds for how long this holds; of what does not exist, as RFC 2308 says
 * @param alias the name to ask for next, if the answer ends with an alias; null if it is whole
 */
record Answer(
    List<Record> records, List<Record> additional, long ttlSeconds, @Nullable Name alias) {

  private static final int MOST_ALIASES = 16;

  /** Reads a message that is an answer. */
  static Answer of(Message message, Question question) {
    List<Record> section = message.getSection(Section.ANSWER);
    Name name = question.name();
    long ttl = Long.MAX_VALUE;
    for (int i = 0; i < MOST_ALIASES; i++) {
      CNAMERecord alias = alias(section, name);
      if (alias == null) {
        break;
      }
      name = alias.getTarget();
      ttl = Math.min(ttl, alias.getTTL());
    }
    List<Record> records = new ArrayList<>();
    for (Record record : section) {
      if (record.getType() == question.type() && record.getName().equals(name)) {
        records.add(record);
        ttl = Math.min(ttl, record.getTTL());
      }
    }
    List<Record> additional = message.getSection(Section.ADDITIONAL);
    if (!records.isEmpty()) {
      return new Answer(List.copyOf(records), additional, ttl, null);
    }
    SOARecord authority = authority(message);
    boolean unknown = message.getRcode() == Rcode.NXDOMAIN;
    if (!unknown && authority == null && !name.equals(question.name())) {
      return new Answer(List.of(), List.of(), ttl, name);
    }
    long negative = authority == null ? 0 : Math.min(authority.getTTL(), authority.getMinimum());
    return new Answer(List.of(), List.of(), Math.min(ttl, negative), null);
  }

  /** Makes an answer of records that came along with another one. */
  static Answer of(List<Record> records) {
    long ttl = records.stream().mapToLong(Record::getTTL).min().orElse(0);
    return new Answer(List.copyOf(records), List.of(), ttl, null);
  }

  /** Returns this answer with another time for which it holds. */
  Answer within(long seconds) {
    return new Answer(records, additional, seconds, alias);
  }

  private static @Nullable CNAMERecord alias(List<Record> section, Name name) {
    for (Record record : section) {
      if (record instanceof CNAMERecord alias && alias.getName().equals(name)) {
        return alias;
      }
    }
    return null;
  }

  private static @Nullable SOARecord authority(Message message) {
    for (Record record : message.getSection(Section.AUTHORITY)) {
      if (record instanceof SOARecord authority) {
        return authority;
      }
    }
    return null;
  }
}
