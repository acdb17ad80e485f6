package io.evenload.dns;

import io.evenload.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/**
 * Makes a server of each address of a name.
 *
 * @param port the servers'
 * @param types of the records: A, AAAA or both
 */
record AddressLook(int port, List<Integer> types) implements Look {

  @Override
  public List<Server> find(List<Name> names, Questions questions) throws IOException {
    for (Name name : names) {
      List<Question> asked = types.stream().map(type -> new Question(name, type)).toList();
      Map<Question, Answer> answers = questions.askAll(asked);
      Map<Question, IOException> failures = questions.failures();
      if (failures.keySet().containsAll(asked)) {
        throw failures.get(asked.get(0));
      }
      List<Server> servers = new ArrayList<>();
      for (Answer answer : answers.values()) {
        answer.records().forEach(each -> servers.add(Server.of(address(each), port)));
      }
      if (!servers.isEmpty()) {
        return servers;
      }
      for (Question question : asked) {
        if (failures.containsKey(question)) {
          throw failures.get(question); // who knows which addresses it has
        }
      }
    }
    return List.of();
  }

  /** The address in a record of type A or AAAA. */
  static String address(Record record) {
    InetAddress address =
        record instanceof ARecord four ? four.getAddress() : ((AAAARecord) record).getAddress();
    return address.getHostAddress();
  }
}
