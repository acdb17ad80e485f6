/**
 * What Spring Boot 3.5 has in other places than Boot 4; all else is {@code
 * io.evenload.spring.boot}'s auto-configuration, which leaves out by itself what Boot 3.5 has not.
 */
@NullMarked
package io.evenload.spring.boot3;

import org.jspecify.annotations.NullMarked;
