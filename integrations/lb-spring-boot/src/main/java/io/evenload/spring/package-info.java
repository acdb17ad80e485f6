/**
 * Load balancing in Spring applications, whatever configures them: what {@code
 * io.evenload.spring.boot} makes beans of.
 *
 * <p>An application has to do with {@link io.evenload.spring.EvenloadCustomizer} and {@link
 * io.evenload.spring.ServerSource} alone, which it may have beans of.
 */
@NullMarked
package io.evenload.spring;

import org.jspecify.annotations.NullMarked;
