package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Several lists as one.
 *
 * @param name of what is made of them
 * @param first whether the first that is not empty counts alone; else all do
 */
record MergedServerList(String name, List<ServerList> lists, boolean first) implements ServerList {

  private static final Logger LOGGER = LoggerFactory.getLogger(ServerLists.class);

  MergedServerList {
    if (lists.isEmpty()) {
      throw new IllegalArgumentException("lists: none (expected: at least one)");
    }
  }

  @Override
  public Subscription subscribe(Listener listener) {
    return new Merging(requireNonNull(listener, "listener")).start();
  }

  @Override
  public String toString() {
    return name + lists;
  }

  /** One subscription; its fields belong to what the subscriber executes. */
  private final class Merging implements Subscription {
    private final Subscriber subscriber;
    private final List<Part> parts = new ArrayList<>();
    private boolean begun; // all are subscribed to
    private @Nullable List<Server> told;

    Merging(Listener listener) {
      subscriber = new Subscriber(MergedServerList.this.toString(), LOGGER, listener);
      for (ServerList unused : lists) {
        parts.add(new Part(this));
      }
    }

    /** Subscribes to all, then tells what is known by then. */
    Subscription start() {
      try {
        for (int i = 0; i < lists.size(); i++) {
          parts.get(i).subscribe(lists.get(i));
        }
      } catch (Throwable e) {
        close();
        throw e;
      }
      subscriber.execute(
          () -> {
            begun = true;
            tell();
          });
      return this;
    }

    /** Tells of the merged list, if it is another; returns whether it was. */
    boolean tell() {
      List<Server> merged = begun ? merged() : null;
      if (merged == null || merged.equals(told)) {
        return false;
      }
      told = merged;
      parts.forEach(part -> part.fresh = false);
      subscriber.updated(merged);
      return true;
    }

    /** Returns null if it is not known. */
    private @Nullable List<Server> merged() {
      Map<String, Server> byId = new TreeMap<>();
      for (Part part : inUse()) {
        for (Server server : part.known()) {
          byId.putIfAbsent(server.id(), server);
        }
      }
      boolean open = parts.stream().anyMatch(part -> part.servers == null);
      return byId.isEmpty() && open ? null : List.copyOf(byId.values());
    }

    /** Those whose truth the merged list depends on. */
    private List<Part> inUse() {
      for (int i = 0; first && i < parts.size(); i++) {
        if (!parts.get(i).known().isEmpty()) {
          return parts.subList(0, i + 1);
        }
      }
      return parts;
    }

    /** Tells that the merged list is confirmed, once each part has been that confirms anything. */
    void confirm(Part by) {
      List<Part> inUse = inUse();
      boolean current = told != null && inUse.contains(by);
      for (Part part : inUse) {
        boolean standsBy = first && part.known().isEmpty();
        current &= !part.failing && (part.fresh || !part.confirms || standsBy);
      }
      if (current) {
        parts.forEach(part -> part.fresh = false);
        subscriber.confirmed();
      }
    }

    void failed(Part part, Throwable cause) {
      if (inUse().contains(part)) {
        subscriber.failed(cause);
      }
    }

    @Override
    public void refresh() {
      parts.forEach(part -> part.with("refresh", Subscription::refresh));
    }

    @Override
    public void close() {
      subscriber.close();
      parts.forEach(Part::close);
    }
  }

  /** One of the lists, as it is known. */
  private static final class Part implements Listener {
    private final Merging merging;
    private final Subscriber subscriber;
    private final Entries entries;
    private volatile @Nullable Subscription subscription;

    @Nullable List<Server> servers;
    boolean failing;
    boolean confirms; // it did at least once
    boolean fresh; // since the merged list was told or confirmed

    Part(Merging merging) {
      this.merging = merging;
      this.subscriber = merging.subscriber;
      this.entries = new Entries(subscriber.toString(), LOGGER, Timing.SYSTEM.nanoTime());
    }

    void subscribe(ServerList list) {
      subscription = requireNonNull(list.subscribe(this), "ServerList.subscribe returned null");
    }

    List<Server> known() {
      return servers == null ? List.of() : servers;
    }

    @Override
    public void updated(List<Server> list) {
      List<Server> fit;
      try {
        fit = entries.of(list);
      } catch (Throwable e) {
        failed(e);
        return;
      }
      subscriber.execute(
          () -> {
            servers = fit;
            well();
            if (!merging.tell()) {
              merging.confirm(this);
            }
          });
    }

    @Override
    public void confirmed() {
      subscriber.execute(
          () -> {
            confirms = true;
            well();
            merging.confirm(this);
          });
    }

    private void well() {
      failing = false;
      fresh = true;
    }

    @Override
    public void failed(Throwable cause) {
      subscriber.execute(
          () -> {
            failing = true;
            fresh = false;
            merging.failed(this, cause);
            boolean unused = merging.tell();
          });
    }

    void with(String what, Consumer<Subscription> call) {
      Subscription running = subscription;
      if (running != null) {
        subscriber.contain(what, () -> call.accept(running));
      }
    }

    void close() {
      with("close", Subscription::close);
      subscription = null;
    }
  }
}
