package io.evenload.spring.boot;

import io.evenload.status.StatusPage;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;

/**
 * The actuator endpoint {@code evenloadpage}: the live page of {@code lb-status}, which asks for
 * itself at its own address.
 */
@WebEndpoint(id = "evenloadpage")
final class EvenloadPageEndpoint {

  private final StatusPage page;

  EvenloadPageEndpoint(StatusPage page) {
    this.page = page;
  }

  @ReadOperation(produces = "text/html;charset=UTF-8")
  String page() {
    return page.html();
  }
}
