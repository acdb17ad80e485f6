package io.evenload.health;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Moves the bytes of one connection, without ever waiting. Not thread-safe. */
interface Wire {

  /**
   * Sends what it can of one buffer, and receives what is there into the other one. To be called
   * again while it receives something.
   *
   * @return false at the end of what the peer sends
   */
  boolean move(ByteBuffer out, ByteBuffer in) throws IOException;

  /** Whether it has something to send as soon as the network takes it. */
  boolean wantsToSend(ByteBuffer out);

  /** Says goodbye, if that can be done at once. */
  default void close() throws IOException {}

  /** The bytes as they are. */
  static Wire plain(SocketChannel channel) {
    return new Wire() {
      @Override
      public boolean move(ByteBuffer out, ByteBuffer in) throws IOException {
        if (out.hasRemaining()) {
          channel.write(out);
        }
        return channel.read(in) >= 0;
      }

      @Override
      public boolean wantsToSend(ByteBuffer out) {
        return out.hasRemaining();
      }
    };
  }
}
