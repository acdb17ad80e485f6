/** Deadlines of incoming requests. Start with {@link io.evenload.servlet.DeadlineFilter}. */
@NullMarked
package io.evenload.servlet;

import org.jspecify.annotations.NullMarked;
