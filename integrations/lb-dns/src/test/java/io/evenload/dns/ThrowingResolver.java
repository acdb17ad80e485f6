package io.evenload.dns;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.TSIG;

/** A resolver with a fault. */
final class ThrowingResolver implements Resolver {

  @Override
  public CompletionStage<Message> sendAsync(Message query) {
    throw new IllegalStateException("broken");
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
    return "bad";
  }
}
