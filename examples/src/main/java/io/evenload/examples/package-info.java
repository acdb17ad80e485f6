/** Small programs that each show one thing; {@code Quickstart} first. */
@NullMarked
package io.evenload.examples;

import org.jspecify.annotations.NullMarked;
