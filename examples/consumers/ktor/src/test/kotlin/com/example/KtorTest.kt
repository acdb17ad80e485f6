package com.example

import com.example.rolling.Backend
import com.example.rolling.Registry
import com.example.rolling.RollingRestart
import io.evenload.LoadBalancer
import io.evenload.UpdatableServerList
import io.evenload.okhttp.LoadBalancingInterceptor
import io.evenload.testing.okhttp.Backends
import io.evenload.testing.okhttp.Reply
import io.ktor.client.HttpClient
import io.ktor.client.engine.okhttp.OkHttp
import io.ktor.client.request.get
import io.ktor.client.statement.bodyAsText
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.RegisterExtension

@Timeout(60)
class KtorTest {
  @JvmField @RegisterExtension val backends = Backends()

  private fun client(balancer: LoadBalancer): HttpClient {
    val balancing = LoadBalancingInterceptor.of("orders", balancer)
    return HttpClient(OkHttp) { engine { config { balancing.install(this, CALLS) } } }
  }

  @Test
  fun items_whileServersRestartOneByOne_neverFail() {
    val servers = UpdatableServerList()
    LoadBalancer.builder("orders").servers(servers).build().use { balancer ->
      RollingRestart(Registry.of(servers), Backend::http).use { restart ->
        client(balancer).use { client ->
          val calls =
            restart.under { runBlocking { client.get("http://orders/v1/items").bodyAsText() } }
          assertThat(calls).isPositive()
        }
      }
    }
  }

  /** Ktor gives each client a dispatcher of its own, which runs 5 calls at once to a host. */
  @Test
  fun items_manyAtOnce_areSentAtOnce(): Unit = runBlocking {
    val hanging = backends.start("a").always(Reply.hang())
    val balancer = backends.watch(backends.balancer("orders", hanging).build())
    client(balancer).use { client ->
      val calls = List(CALLS) { launch { client.get("http://orders/v1/items") } }
      while (hanging.requestCount() < CALLS) yield()
      calls.forEach { it.cancelAndJoin() }
    }
  }

  @Test
  fun okHttp_underKtor_isTheBoms() {
    assertThat(okhttp3.OkHttp.VERSION).startsWith("5.5.")
  }

  private companion object {
    const val CALLS = 40
  }
}
