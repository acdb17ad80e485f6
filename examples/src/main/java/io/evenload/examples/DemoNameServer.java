package io.evenload.examples;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A real name server over UDP on a free local port, for as many records as a packet has room for.
 */
final class DemoNameServer implements AutoCloseable {

  private static final int PACKET_BYTES = 1_232;
  private static final Name ZONE = Name.fromConstantString("demo.");
  private static final SOARecord SOA =
      new SOARecord(ZONE, DClass.IN, 1, ZONE, ZONE, 1, 3_600, 600, 86_400, 1);

  private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
  private final Thread thread = new Thread(this::answerAll, "demo-name-server");
  private volatile List<Record> records = List.of();

  DemoNameServer() throws IOException {
    thread.start();
  }

  /** The address and the port. */
  String address() {
    return socket.getLocalAddress().getHostAddress() + ":" + socket.getLocalPort();
  }

  /** Sets all that it knows. */
  void records(List<Record> all) {
    records = List.copyOf(all);
  }

  private void answerAll() {
    byte[] bytes = new byte[PACKET_BYTES];
    while (!socket.isClosed()) {
      DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
      try {
        socket.receive(packet);
        Message query = new Message(Arrays.copyOf(bytes, packet.getLength()));
        byte[] answer = answer(query).toWire(PACKET_BYTES);
        socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      } catch (IOException e) {
        // It is closed, or that was no query.
      }
    }
  }

  private Message answer(Message query) {
    Record question = query.getQuestion();
    Message answer = new Message(query.getHeader().getID());
    answer.getHeader().setFlag(Flags.QR);
    answer.getHeader().setFlag(Flags.AA);
    answer.addRecord(question, Section.QUESTION);
    boolean exists = false;
    boolean known = false;
    for (Record record : records) {
      boolean same = record.getName().equals(question.getName());
      exists |= same;
      if (same && record.getType() == question.getType()) {
        answer.addRecord(record, Section.ANSWER);
        known = true;
      } else if (question.getType() == Type.SRV && record.getType() == Type.A) {
        answer.addRecord(record, Section.ADDITIONAL);
      }
    }
    if (!known) {
      answer.getHeader().setRcode(exists ? Rcode.NOERROR : Rcode.NXDOMAIN);
      answer.addRecord(SOA, Section.AUTHORITY);
    }
    return answer;
  }

  @Override
  public void close() {
    socket.close();
  }
}
