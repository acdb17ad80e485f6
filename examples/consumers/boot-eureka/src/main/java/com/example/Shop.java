package com.example;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.openfeign.EnableFeignClients;
import org.springframework.cloud.openfeign.FeignClient;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.client.RestClient;

/** Calls the service orders, whose instances Eureka knows. */
@SpringBootApplication
@EnableFeignClients(clients = Shop.Orders.class)
public class Shop {

  @Bean
  RestClient orders(RestClient.Builder builder) {
    return builder.baseUrl("http://orders").build();
  }

  /** The service, as Feign wants it described. */
  @FeignClient("orders")
  public interface Orders {
    @GetMapping("/v1/items")
    String items();
  }
}
