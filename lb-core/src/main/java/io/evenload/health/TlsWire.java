package io.evenload.health;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/** The bytes within TLS. */
final class TlsWire implements Wire {

  /*
   * One step at a time, as the engine asks for them, until the network has nothing to give or takes nothing more. Between
   * steps `received` is ready to be filled and `toSend` to be drained; nothing is encrypted before the last part has gone.
   */

  private final SocketChannel channel;
  private final SSLEngine engine;
  private final ByteBuffer received;
  private final ByteBuffer toSend;

  /**
   * Prepares a connection that nothing was sent over yet.
   *
   * @param name whom the certificate must name, and whom the handshake asks for
   */
  TlsWire(SocketChannel channel, SSLContext context, String name, int port) throws IOException {
    this.channel = channel;
    engine = context.createSSLEngine(name, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    received = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    toSend = ByteBuffer.allocate(engine.getSession().getPacketBufferSize()).limit(0);
    engine.beginHandshake();
  }

  @Override
  public boolean move(ByteBuffer out, ByteBuffer in) throws IOException {
    while (true) {
      channel.write(toSend);
      HandshakeStatus step = engine.getHandshakeStatus();
      boolean free = step == HandshakeStatus.NOT_HANDSHAKING || step == HandshakeStatus.FINISHED;
      if (step == HandshakeStatus.NEED_TASK) {
        runTasks();
      } else if (step == HandshakeStatus.NEED_WRAP || (free && out.hasRemaining())) {
        if (toSend.hasRemaining()) {
          return true;
        }
        if (encrypt(out) == SSLEngineResult.Status.CLOSED) {
          return false;
        }
      } else {
        switch (decrypt(in)) {
          case OK -> {}
          case BUFFER_OVERFLOW -> {
            return true; // the caller empties `in` and comes again
          }
          case CLOSED -> {
            return false;
          }
          case BUFFER_UNDERFLOW -> {
            if (!received.hasRemaining()) {
              throw new SSLException("a TLS record that is too long");
            }
            int count = channel.read(received);
            if (count <= 0) {
              return count == 0;
            }
          }
        }
      }
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private SSLEngineResult.Status encrypt(ByteBuffer out) throws IOException {
    toSend.clear();
    try {
      return engine.wrap(out, toSend).getStatus();
    } finally {
      toSend.flip();
    }
  }

  private SSLEngineResult.Status decrypt(ByteBuffer in) throws IOException {
    received.flip();
    try {
      return engine.unwrap(received, in).getStatus();
    } finally {
      received.compact();
    }
  }

  @Override
  public boolean wantsToSend(ByteBuffer out) {
    return toSend.hasRemaining();
  }

  @Override
  public void close() throws IOException {
    engine.closeOutbound();
    if (!toSend.hasRemaining()) {
      var unused = encrypt(ByteBuffer.allocate(0));
      channel.write(toSend);
    }
  }
}
