package com.example;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.web.client.RestClient;

/** Calls the service orders, whose instances Consul knows. */
@SpringBootApplication
public class Shop {

  @Bean
  RestClient orders(RestClient.Builder builder) {
    return builder.baseUrl("http://orders").build();
  }
}
