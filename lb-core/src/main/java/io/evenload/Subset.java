package io.evenload;

import static java.util.Objects.requireNonNull;

/**
 * The part of a large server list that this client uses, chosen so that all clients together use
 * all servers alike. Immutable.
 *
 * <p>Off unless given to {@link LoadBalancer.Builder#subset}: without it every client may call, and
 * with a health check probes, every server of its list. With it the servers stand on a ring, in the
 * order of a hash of their ids and each as wide as its weight; client {@code i} of {@code C} uses
 * those on the arc that begins at {@code i/C} and is {@code ceil(size * C / S) / C} wide, where
 * {@code S} is the number of servers. Every place is then on the arcs of equally many clients; a
 * server that stands half on the arc gets half its weight; so the load is exactly even. When a
 * server comes or goes, the arcs move by less than one server. (Deterministic aperture, Twitter
 * Finagle.)
 *
 * <p>While fewer than {@code size} servers of the arc are eligible, it is extended by the next ones
 * on the ring until so many are, by as many as it has at most: when more have failed, panic is what
 * helps. The extension goes when it has not been needed for a minute. The servers outside are in
 * {@link EndpointState#OUTSIDE_SUBSET}: neither probed nor chosen, and not counted for panic.
 * Attempts in flight at a server that falls outside end normally. A request whose {@linkplain
 * RequestContext#only filter} lets only servers outside pass finds none.
 *
 * <p>When clients come or go, each has another place: {@link LoadBalancer#reconfigure} tells it,
 * and moves most of its connections.
 *
 * <p>Each priority has a ring of its own, and with a {@link Locality} each zone of it. {@code i}
 * and {@code C} then count the clients of the same zone: so both the requests that stay in the zone
 * and those that go to others are even. Choosers that hash go by the configured weight and give a
 * server at the edge of the arc as much as any other.
 */
public final class Subset {

  /**
   * 20 servers, the smaller end of what "Site Reliability Engineering" (chapter 20) finds to be
   * typical: few enough that each client keeps its connections warm, and enough that a chooser that
   * compares loads does nearly as well as among all.
   */
  public static final int DEFAULT_SIZE = 20;

  /** The most clients, so that places on the ring are exact in 64 bits. */
  public static final int MAX_CLIENTS = 1 << 20;

  private final int client;
  private final int clients;
  private final int size;

  private Subset(Builder builder) {
    client = builder.client;
    clients = builder.clients;
    size = builder.size;
  }

  /**
   * Returns the subset of one of so many clients, with all defaults.
   *
   * @param client the index of this client, such as the ordinal of its pod; no two clients may have
   *     the same
   * @param clients the number of clients
   * @throws IllegalArgumentException if the index is not 0 to {@code clients - 1}, or there are not
   *     1 to {@value #MAX_CLIENTS} clients
   */
  public static Subset of(int client, int clients) {
    return builder(client, clients).build();
  }

  /**
   * Returns the subset of a client that knows neither its index nor the number of clients, with all
   * defaults: its arc begins at a hash of its identity. The load is then even on the average only:
   * if each server is used by {@code k} clients in the mean, that number has a standard deviation
   * of about {@code sqrt(k)} between servers.
   *
   * @param identity what tells this client from the others, such as its host name
   */
  public static Subset ofIdentity(String identity) {
    return builder(identity).build();
  }

  /**
   * Returns a builder for one of so many clients; see {@link #of}.
   *
   * @throws IllegalArgumentException if the index is not 0 to {@code clients - 1}, or there are not
   *     1 to {@value #MAX_CLIENTS} clients
   */
  public static Builder builder(int client, int clients) {
    return new Builder(client, clients);
  }

  /** Returns a builder for a client that knows its identity alone; see {@link #ofIdentity}. */
  public static Builder builder(String identity) {
    long hash = RequestContext.hash(requireNonNull(identity, "identity"));
    return new Builder((int) (hash & (MAX_CLIENTS - 1)), MAX_CLIENTS);
  }

  /** The index of this client; with an identity, one of {@link #MAX_CLIENTS} places. */
  public int client() {
    return client;
  }

  /** The number of clients; with an identity, {@link #MAX_CLIENTS}. */
  public int clients() {
    return clients;
  }

  /** How many servers the subset has at least, if there are so many. */
  public int size() {
    return size;
  }

  @Override
  public String toString() {
    return "client " + client + " of " + clients + ", at least " + size + " servers";
  }

  /** Collects the options of a {@link Subset}; not thread-safe. */
  public static final class Builder {

    private final int client;
    private final int clients;
    private int size = DEFAULT_SIZE;

    private Builder(int client, int clients) {
      if (clients < 1 || clients > MAX_CLIENTS) {
        throw new IllegalArgumentException(
            "clients: " + clients + " (expected: 1 to " + MAX_CLIENTS + ")");
      }
      if (client < 0 || client >= clients) {
        throw new IllegalArgumentException(
            "client: " + client + " (expected: 0 to " + (clients - 1) + ")");
      }
      this.client = client;
      this.clients = clients;
    }

    /**
     * Sets how many servers the subset has at least; {@value Subset#DEFAULT_SIZE} by default. Few
     * clients of many servers use more, since together they use all. All clients must set the same.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Builder size(int servers) {
      if (servers < 1) {
        throw new IllegalArgumentException("size: " + servers + " (expected: 1 or more)");
      }
      this.size = servers;
      return this;
    }

    /** Returns the subset. */
    public Subset build() {
      return new Subset(this);
    }
  }
}
