package io.evenload.config;

import java.util.function.BiConsumer;

/** A key, and how its value gets into a builder. */
record Setting<B, V>(Key<V> key, BiConsumer<B, V> setter) {}
