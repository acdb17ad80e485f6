package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class FirstListTest {

  private final UpdatableServerList list = new UpdatableServerList();
  private final LoadBalancer balancer = LoadBalancer.builder("orders").servers(list).build();
  private final FirstList first = new FirstList(balancer);

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void join_listComes_opensAllThatWait() {
    CountDownLatch one = first.join();
    CountDownLatch two = first.join();
    assertThat(first.isHere()).isFalse();
    assertThat(one.getCount()).isOne();

    list.update(List.of(Server.of("a", 1)));

    assertThat(first.isHere()).isTrue();
    assertThat(one.getCount()).isZero();
    assertThat(two.getCount()).isZero();
  }

  @Test
  void join_listIsHere_isOpen() {
    list.update(List.of(Server.of("a", 1)));

    assertThat(first.join().getCount()).isZero();
  }

  @Test
  void leave_listNeverComes_keepsNobody() {
    CountDownLatch one = first.join();
    CountDownLatch two = first.join();

    first.leave(one);
    assertThat(first.isIdle()).isFalse();
    first.leave(two);
    assertThat(first.isIdle()).isTrue();
  }
}
