package io.evenload.okhttp;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * A test of what {@link LoadBalancingInterceptor.Builder#separateCalls} costs. Where all tests run
 * with that, this one must fail, so that the list of the costs stays true.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ReliesOnInternals.Expectation.class)
@interface ReliesOnInternals {

  /** What is another without the internals, as docs/okhttp-internals.md says. */
  String value();

  /** Turns failure into success where the internals are not used, and the other way round. */
  final class Expectation implements InvocationInterceptor {

    private static final boolean SEPARATE = Boolean.getBoolean("io.evenload.okhttp.separateCalls");

    @Override
    public void interceptTestMethod(
        Invocation<Void> invocation,
        ReflectiveInvocationContext<Method> method,
        ExtensionContext context)
        throws Throwable {
      check(invocation, method);
    }

    @Override
    public void interceptTestTemplateMethod(
        Invocation<Void> invocation,
        ReflectiveInvocationContext<Method> method,
        ExtensionContext context)
        throws Throwable {
      check(invocation, method);
    }

    private static void check(
        Invocation<Void> invocation, ReflectiveInvocationContext<Method> method) throws Throwable {
      if (!SEPARATE) {
        invocation.proceed();
        return;
      }
      try {
        invocation.proceed();
      } catch (Exception | AssertionError expected) {
        return;
      }
      String cost = method.getExecutable().getAnnotation(ReliesOnInternals.class).value();
      throw new AssertionError("works without the internals (expected: not so: " + cost + ")");
    }
  }
}
