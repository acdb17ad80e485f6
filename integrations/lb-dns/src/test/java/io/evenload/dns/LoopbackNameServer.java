package io.evenload.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;

/** A {@link FakeNameServer} behind real sockets. */
final class LoopbackNameServer implements AutoCloseable {

  private static final int UDP_SIZE = 512;

  final AtomicInteger overTcp = new AtomicInteger();

  private final FakeNameServer zone;
  private final DatagramSocket udp;
  private final ServerSocket tcp;
  private volatile Socket stream; // the last one
  private final List<Thread> threads = new ArrayList<>();

  LoopbackNameServer(FakeNameServer zone) throws IOException {
    this.zone = zone;
    InetAddress loopback = InetAddress.getLoopbackAddress();
    DatagramSocket datagrams = new DatagramSocket(new InetSocketAddress(loopback, 0));
    ServerSocket streams = null;
    while (streams == null) {
      try {
        streams = new ServerSocket(datagrams.getLocalPort(), 10, loopback);
      } catch (IOException e) { // somebody else's
        datagrams.close();
        datagrams = new DatagramSocket(new InetSocketAddress(loopback, 0));
      }
    }
    udp = datagrams;
    tcp = streams;
    threads.add(new Thread(this::answerDatagrams));
    threads.add(new Thread(this::answerStreams));
    threads.forEach(Thread::start);
  }

  String address() {
    return "127.0.0.1:" + udp.getLocalPort();
  }

  private void answerDatagrams() {
    byte[] buffer = new byte[UDP_SIZE];
    while (!udp.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        udp.receive(packet);
        byte[] query = new byte[packet.getLength()];
        System.arraycopy(buffer, 0, query, 0, query.length);
        Message asked = new Message(query);
        byte[] response = zone.respond(asked).toWire(65_535);
        if (response.length > UDP_SIZE) {
          Message cut = new Message(asked.getHeader().getID());
          cut.getHeader().setFlag(Flags.QR);
          cut.getHeader().setFlag(Flags.TC);
          cut.addRecord(asked.getQuestion(), Section.QUESTION);
          response = cut.toWire();
        }
        udp.send(new DatagramPacket(response, response.length, packet.getSocketAddress()));
      } catch (IOException e) {
        // It is closed, or will be.
      }
    }
  }

  private void answerStreams() {
    while (!tcp.isClosed()) {
      try (Socket socket = tcp.accept()) {
        stream = socket;
        DataInputStream in = new DataInputStream(socket.getInputStream());
        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
        while (!tcp.isClosed()) { // until the client closes
          byte[] query = in.readNBytes(in.readUnsignedShort());
          byte[] response = zone.respond(new Message(query)).toWire(65_535);
          overTcp.incrementAndGet();
          out.writeShort(response.length);
          out.write(response);
          out.flush();
        }
      } catch (IOException e) {
        // It is closed, or will be.
      }
    }
  }

  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
    if (stream != null) {
      stream.close();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
