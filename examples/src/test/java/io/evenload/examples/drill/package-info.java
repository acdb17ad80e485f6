/**
 * The incident drill: server processes that are killed, frozen, broken, drained and restarted while
 * clients call them, and what users, the status page, the metrics and the logs saw of it. {@code
 * IncidentDrillIT} is the script; begin there.
 */
@NullMarked
package io.evenload.examples.drill;

import org.jspecify.annotations.NullMarked;
