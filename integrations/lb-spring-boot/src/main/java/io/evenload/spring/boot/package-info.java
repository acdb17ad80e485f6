/**
 * The auto-configuration for Spring Boot 4. An application that has this module on its class path
 * has nothing to do with the classes here; the keys are in {@code docs/spring-boot.md}.
 */
@NullMarked
package io.evenload.spring.boot;

import org.jspecify.annotations.NullMarked;
