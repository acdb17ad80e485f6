/** The status of load balancers. Start with {@link io.evenload.status.StatusPage}. */
@NullMarked
package io.evenload.status;

import org.jspecify.annotations.NullMarked;
