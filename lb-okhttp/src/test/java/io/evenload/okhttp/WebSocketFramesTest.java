package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import okio.Buffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames of each form of length, whole and byte by byte. */
class WebSocketFramesTest {

  @ParameterizedTest
  @CsvSource({
    "1, 0, true",
    "1, 125, true",
    "2, 126, true",
    "1, 300, false",
    "2, 65535, true",
    "1, 65536, true"
  })
  void passed_frame_endsAtItsLastByte(int opcode, int length, boolean masked) throws EOFException {
    Buffer frame = frame(opcode, length, masked);
    WebSocketFrames whole = new WebSocketFrames();
    whole.passed(frame, frame.size());
    assertThat(whole.atBoundary()).isTrue();
    assertThat(whole.closed()).isFalse();

    WebSocketFrames bytes = new WebSocketFrames();
    while (!frame.exhausted()) {
      bytes.passed(frame, 1);
      frame.skip(1);
      assertThat(bytes.atBoundary()).isEqualTo(frame.exhausted());
    }
  }

  @ParameterizedTest
  @CsvSource({"8, true", "9, false", "1, false"})
  void passed_close_isNoted(int opcode, boolean closed) {
    WebSocketFrames frames = new WebSocketFrames();
    Buffer both = frame(2, 200, true);
    Buffer last = frame(opcode, 2, true);
    both.write(last, last.size());
    frames.passed(both, both.size());

    assertThat(frames.closed()).isEqualTo(closed);
  }

  private static Buffer frame(int opcode, int length, boolean masked) {
    Buffer frame = new Buffer().writeByte(0x80 | opcode);
    int mask = masked ? 0x80 : 0;
    if (length < 126) {
      frame.writeByte(mask | length);
    } else if (length <= 0xffff) {
      frame.writeByte(mask | 126).writeShort(length);
    } else {
      frame.writeByte(mask | 127).writeLong(length);
    }
    if (masked) {
      frame.writeInt(0x01020304);
    }
    return frame.write(new byte[length]);
  }
}
