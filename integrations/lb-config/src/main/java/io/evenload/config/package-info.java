/** Configuration by properties. Start with {@link io.evenload.config.EvenloadConfig}. */
@NullMarked
package io.evenload.config;

import org.jspecify.annotations.NullMarked;
