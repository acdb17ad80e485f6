package io.evenload.okhttp;

import okio.Buffer;

/** Where one frame of a web socket ends and the next begins, in what is sent; RFC 6455, 5.2. */
final class WebSocketFrames {

  private static final int FEWEST = 2; // bytes of a header
  private static final int MOST = 14;
  private static final int MASK_LENGTH = 4;
  private static final int TWO_MORE = 126; // a length that stands in so many bytes behind
  private static final int EIGHT_MORE = 127;
  private static final int CLOSE = 0x8;

  private final byte[] header = new byte[MOST];
  private int known; // bytes of the header
  private long payload; // bytes that are to come
  private boolean closed;

  /** Takes note of the first bytes of a buffer, which are about to be sent. */
  void passed(Buffer bytes, long count) {
    long at = 0;
    while (at < count) {
      if (payload > 0) {
        long more = Math.min(payload, count - at);
        payload -= more;
        at += more;
      } else {
        header[known++] = bytes.getByte(at++);
        if (known >= FEWEST && known == headerLength()) {
          payload = payloadLength();
          closed |= (header[0] & 0xf) == CLOSE;
          known = 0;
        }
      }
    }
  }

  /** Whether another frame may begin here. */
  boolean atBoundary() {
    return known == 0 && payload == 0;
  }

  /** Whether a close frame has passed, after which there is none. */
  boolean closed() {
    return closed;
  }

  private int headerLength() {
    return FEWEST + lengthBytes() + ((header[1] & 0x80) != 0 ? MASK_LENGTH : 0);
  }

  private int lengthBytes() {
    return switch (header[1] & 0x7f) {
      case TWO_MORE -> 2;
      case EIGHT_MORE -> 8;
      default -> 0;
    };
  }

  private long payloadLength() {
    int bytes = lengthBytes();
    long length = bytes == 0 ? header[1] & 0x7f : 0;
    for (int i = 0; i < bytes; i++) {
      length = (length << 8) | (header[FEWEST + i] & 0xff);
    }
    return length;
  }
}
