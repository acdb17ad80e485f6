package io.evenload.spring.boot;

import io.evenload.spring.EvenloadStatus;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * The actuator endpoint {@code evenload}: the status of balancers as {@code lb-status} gives it,
 * and a way to take servers out and back.
 */
@Endpoint(id = "evenload")
final class EvenloadEndpoint {

  private static final String JSON = "application/json";

  private final EvenloadStatus status;

  EvenloadEndpoint(EvenloadStatus status) {
    this.status = status;
  }

  @ReadOperation(produces = JSON)
  String all() {
    return status.json();
  }

  /** Returns the status of one balancer; null, which is a 404, if there is none. */
  @ReadOperation(produces = JSON)
  @Nullable String one(@Selector String balancer) {
    return status.json(balancer);
  }

  /**
   * Drains a server, or takes it back.
   *
   * @param server the server's id
   */
  @WriteOperation
  void change(@Selector String balancer, String server, Change change) {
    if (!status.drain(balancer, server, change == Change.DRAIN)) {
      throw new InvalidEndpointRequestException(
          "balancer: '" + balancer + "' (expected: the name of a service)", "unknown balancer");
    }
  }

  /** What may be done to a server. */
  enum Change {
    DRAIN,
    UNDRAIN
  }
}
