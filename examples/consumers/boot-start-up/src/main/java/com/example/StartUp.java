package com.example;

import java.lang.management.ManagementFactory;
import okhttp3.OkHttpClient;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.context.annotation.Bean;

/** Starts, tells what that took, and ends. Without Evenload it has a plain OkHttpClient. */
@SpringBootApplication
public class StartUp {

  @Bean
  @ConditionalOnMissingClass("io.evenload.LoadBalancer")
  OkHttpClient plain() {
    return new OkHttpClient();
  }

  public static void main(String[] args) {
    try (var context = SpringApplication.run(StartUp.class, args)) {
      context.getBean(OkHttpClient.class);
      System.out.printf(
          "started %d %d %d %d%n",
          ManagementFactory.getClassLoadingMXBean().getTotalLoadedClassCount(),
          ManagementFactory.getThreadMXBean().getThreadCount(),
          ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis(),
          ManagementFactory.getRuntimeMXBean().getUptime());
    }
  }
}
