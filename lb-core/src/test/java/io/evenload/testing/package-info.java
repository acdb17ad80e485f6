/**
 * The contracts of choosers and server lists, as JUnit classes to extend, and what they are made
 * of: {@link io.evenload.testing.ChooserContract} and {@link
 * io.evenload.testing.ServerListContract}.
 */
package io.evenload.testing;
