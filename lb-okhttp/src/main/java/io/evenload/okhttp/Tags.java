package io.evenload.okhttp;

import io.evenload.RequestContext;
import kotlin.jvm.JvmClassMappingKt;
import kotlin.reflect.KClass;

/**
 * By what a call and its request are asked for what they carry, each time. OkHttp would make such a
 * key of a Java class whenever it is asked by one.
 */
final class Tags {

  static final KClass<RetryPolicy> POLICY = JvmClassMappingKt.getKotlinClass(RetryPolicy.class);

  static final KClass<RequestContext> CONTEXT =
      JvmClassMappingKt.getKotlinClass(RequestContext.class);

  static final KClass<AttemptHistory> HISTORY =
      JvmClassMappingKt.getKotlinClass(AttemptHistory.class);

  static final KClass<Carrier> CARRIER = JvmClassMappingKt.getKotlinClass(Carrier.class);

  static final KClass<CallStart> START = JvmClassMappingKt.getKotlinClass(CallStart.class);

  static final KClass<Deadline> DEADLINE = JvmClassMappingKt.getKotlinClass(Deadline.class);

  private Tags() {}
}
