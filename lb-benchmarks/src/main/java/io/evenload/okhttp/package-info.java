/** What of lb-okhttp is not public, and is measured alone. */
@NullMarked
package io.evenload.okhttp;

import org.jspecify.annotations.NullMarked;
