package io.evenload.dns;

import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * What a name server is asked.
 *
 * @param name absolute
 * @param type such as {@link Type#SRV}
 */
record Question(Name name, int type) {

  Message query() {
    return Message.newQuery(Record.newRecord(name, type, DClass.IN));
  }

  @Override
  public String toString() {
    return name + " " + Type.string(type);
  }
}
