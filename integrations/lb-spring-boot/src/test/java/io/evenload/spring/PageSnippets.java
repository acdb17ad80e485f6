package io.evenload.spring;

import org.springframework.web.client.RestClient;

/** Java code of {@code docs/spring-boot.md}, word for word, to show that it compiles. */
final class PageSnippets {

  private PageSnippets() {}

  static RestClient restClient(RestClient.Builder builder) {
    RestClient orders = builder.baseUrl("http://orders").build(); // RestClient.Builder is a bean
    return orders;
  }
}
