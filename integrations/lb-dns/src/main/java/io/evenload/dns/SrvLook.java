package io.evenload.dns;

import io.evenload.Server;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Type;

/**
 * Makes servers of the SRV records of a name (RFC 2782), by the addresses of their targets.
 *
 * @param types of the addresses: A, AAAA or both, the preferred one first
 */
record SrvLook(List<Integer> types) implements Look {

  @Override
  public List<Server> find(List<Name> names, Questions questions) throws IOException {
    for (Name name : names) {
      Answer answer = questions.ask(new Question(name, Type.SRV));
      if (!answer.records().isEmpty()) {
        return servers(answer, questions);
      }
    }
    return List.of();
  }

  private List<Server> servers(Answer answer, Questions questions) throws IOException {
    List<SRVRecord> records = new ArrayList<>();
    Set<Name> targets = new LinkedHashSet<>();
    for (Record each : answer.records()) {
      SRVRecord record = (SRVRecord) each;
      if (!record.getTarget().equals(Name.root) && record.getPort() != 0) { // "." says: no server
        records.add(record);
        targets.add(record.getTarget());
      }
    }
    return SrvServers.of(records, addresses(targets, answer, questions));
  }

  /** Finds the addresses of each target, of one family, as they all lead to one server. */
  private Map<Name, List<Record>> addresses(Set<Name> targets, Answer answer, Questions questions)
      throws IOException {
    Map<Name, List<Record>> found = new HashMap<>();
    for (int type : types) {
      Map<Name, List<Record>> given = given(type, targets, answer);
      given.forEach(
          (target, records) -> questions.told(new Question(target, type), Answer.of(records)));
      given.forEach(found::putIfAbsent);
    }
    for (int type : types) {
      Set<Name> failed = questions.failedNames();
      List<Question> rest =
          targets.stream()
              .filter(target -> !found.containsKey(target) && !failed.contains(target))
              .map(target -> new Question(target, type))
              .toList();
      questions
          .askDue(rest)
          .forEach(
              (question, each) -> {
                if (!each.records().isEmpty()) {
                  found.put(question.name(), each.records());
                }
              });
    }
    Map<Question, IOException> failures = questions.failures();
    if (found.isEmpty() && !failures.isEmpty()) {
      throw failures.values().iterator().next();
    }
    return found;
  }

  /** The addresses that came along. */
  private static Map<Name, List<Record>> given(int type, Set<Name> targets, Answer answer) {
    Map<Name, List<Record>> given = new HashMap<>();
    for (Record each : answer.additional()) {
      if (each.getType() == type && targets.contains(each.getName())) {
        given.computeIfAbsent(each.getName(), any -> new ArrayList<>()).add(each);
      }
    }
    return given;
  }
}
