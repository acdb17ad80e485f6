package com.example

import com.example.rolling.Backend
import com.example.rolling.Registry
import com.example.rolling.RollingRestart
import io.evenload.LoadBalancer
import io.evenload.UpdatableServerList
import io.evenload.okhttp.LoadBalancingInterceptor
import io.evenload.testing.okhttp.Backends
import io.evenload.testing.okhttp.Reply
import java.io.IOException
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.yield
import okhttp3.Call
import okhttp3.Callback
import okhttp3.OkHttp
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.RegisterExtension

@Timeout(60)
class CoroutinesTest {
  @JvmField @RegisterExtension val backends = Backends()

  private val request = Request.Builder().url("http://orders/v1/items").build()

  private fun client(balancer: LoadBalancer): OkHttpClient =
    LoadBalancingInterceptor.of("orders", balancer).install(OkHttpClient.Builder(), 256).build()

  private suspend fun OkHttpClient.items(): String =
    newCall(request).await().use { it.body.string() }

  /** As `executeAsync` of okhttp-coroutines does it. */
  private suspend fun Call.await(): Response = suspendCancellableCoroutine { continuation ->
    continuation.invokeOnCancellation { cancel() }
    enqueue(
      object : Callback {
        override fun onFailure(call: Call, e: IOException) = continuation.resumeWithException(e)

        override fun onResponse(call: Call, response: Response) =
          continuation.resume(response) { _, unread, _ -> unread.close() }
      }
    )
  }

  @Test
  fun items_whileServersRestartOneByOne_neverFail() {
    val servers = UpdatableServerList()
    LoadBalancer.builder("orders").servers(servers).build().use { balancer ->
      RollingRestart(Registry.of(servers), Backend::http).use { restart ->
        val client = client(balancer)
        val calls =
          restart.under {
            runBlocking { List(8) { async { client.items() } }.awaitAll().random() }
          }
        assertThat(calls).isPositive()
      }
    }
  }

  @Test
  fun items_cancelledCoroutine_cancelsTheAttemptAndBlamesNobody(): Unit = runBlocking {
    val hanging = backends.start("a").always(Reply.hang())
    val balancer = backends.watch(backends.balancer("orders", hanging).build())
    val client = backends.watch(client(balancer))
    val call = launch { client.items() }
    while (hanging.requestCount() == 0) yield()
    call.cancelAndJoin()
    // What is in flight when a test ends, Backends tells.
    assertThat(balancer.status().endpoints().single().failureRate()).isZero()
  }

  @Test
  fun okHttp_underCoroutines_isTheBoms() {
    assertThat(OkHttp.VERSION).startsWith("5.5.")
  }
}
