package io.evenload.dns;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Master;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;

/** A name server of one zone that answers at once, by messages that went over the wire's form. */
final class FakeNameServer implements Resolver {

  final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  final Map<String, Integer> codes = new HashMap<>(); // by question; "" is any
  final Map<String, IOException> failures = new HashMap<>(); // likewise
  boolean glue;
  boolean truncates;
  boolean throwing;
  boolean authoritative = true;

  private final String name;
  private final AtomicLong looks = new AtomicLong();
  private volatile String first;
  private volatile List<Record> records = List.of();

  FakeNameServer(String name) {
    this.name = name;
  }

  /** Sets all that the zone has, as in a zone file, one record a line. */
  FakeNameServer zone(String... lines) {
    try (Master master =
        new Master(
            new ByteArrayInputStream(
                (String.join("\n", lines) + "\n").getBytes(StandardCharsets.US_ASCII)),
            Name.root)) {
      List<Record> all = new ArrayList<>();
      for (Record next = master.nextRecord(); next != null; next = master.nextRecord()) {
        all.add(next);
      }
      records = all;
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** How often the first question of all was asked. */
  long looks() {
    return looks.get();
  }

  /** Returns what was asked since this was last called. */
  List<String> takeAsked() {
    List<String> all = List.copyOf(asked);
    asked.clear();
    return all;
  }

  @Override
  public CompletionStage<Message> sendAsync(Message query) {
    if (throwing) {
      throw new IllegalStateException("broken");
    }
    Record question = query.getQuestion();
    String text = question.getName() + " " + Type.string(question.getType());
    IOException failure = failures.getOrDefault(text, failures.get(""));
    try {
      Message read = new Message(query.toWire());
      if (failure != null) {
        note(text);
        return CompletableFuture.failedFuture(failure);
      }
      return CompletableFuture.completedFuture(new Message(respond(read).toWire(65_535)));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void note(String question) {
    asked.add(question);
    first = first == null ? question : first;
    if (question.equals(first)) {
      looks.incrementAndGet();
    }
  }

  /** Returns the answer to a query. */
  Message respond(Message query) {
    Record question = query.getQuestion();
    String text = question.getName() + " " + Type.string(question.getType());
    note(text);
    Message response = new Message(query.getHeader().getID());
    response.getHeader().setFlag(Flags.QR);
    if (authoritative) {
      response.getHeader().setFlag(Flags.AA);
    }
    response.addRecord(question, Section.QUESTION);
    Integer code = codes.getOrDefault(text, codes.get(""));
    if (code != null) {
      response.getHeader().setRcode(code);
      return response;
    }
    if (truncates) {
      response.getHeader().setFlag(Flags.TC);
      return response;
    }
    answer(response, question.getName(), question.getType());
    return response;
  }

  private void answer(Message response, Name asked, int type) {
    boolean exists = false;
    boolean any = false;
    for (Record record : records) {
      exists |= record.getName().equals(asked);
      if (!record.getName().equals(asked)) {
        continue;
      }
      if (record.getType() == type) {
        any = true;
        response.addRecord(record, Section.ANSWER);
        if (glue && record instanceof SRVRecord srv) {
          addAddresses(response, srv.getTarget());
        }
      } else if (record instanceof CNAMERecord alias) {
        response.addRecord(record, Section.ANSWER);
        if (records.stream().anyMatch(each -> each.getName().equals(alias.getTarget()))) {
          answer(response, alias.getTarget(), type);
        }
        return;
      }
    }
    if (!any) {
      response.getHeader().setRcode(exists ? Rcode.NOERROR : Rcode.NXDOMAIN);
      records.stream()
          .filter(each -> each.getType() == Type.SOA || each.getType() == Type.NS)
          .filter(each -> asked.subdomain(each.getName()))
          .forEach(each -> response.addRecord(each, Section.AUTHORITY));
    }
  }

  private void addAddresses(Message response, Name target) {
    for (Record record : records) {
      boolean address = record.getType() == Type.A || record.getType() == Type.AAAA;
      if (address && record.getName().equals(target)) {
        response.addRecord(record, Section.ADDITIONAL);
      }
    }
  }

  @Override
  public Duration getTimeout() {
    return Duration.ofSeconds(10);
  }

  @Override
  public void setPort(int port) {}

  @Override
  public void setTCP(boolean flag) {}

  @Override
  public void setIgnoreTruncation(boolean flag) {}

  @Override
  public void setEDNS(int version, int payloadSize, int flags, List<EDNSOption> options) {}

  @Override
  public void setTSIGKey(TSIG key) {}

  @Override
  public void setTimeout(Duration timeout) {}

  @Override
  public String toString() {
    return name;
  }
}
