package io.evenload.benchmarks.peers;

import io.evenload.benchmarks.live.Contestant;
import io.evenload.benchmarks.live.TimedQueue;
import io.grpc.CallOptions;
import io.grpc.EquivalentAddressGroup;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.StatusOr;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** gRPC's channel, and its own server: one HTTP/2 connection to each, and a number as message. */
public final class GrpcContestant implements Contestant {

  private static final MethodDescriptor<Long, Long> WORK =
      MethodDescriptor.<Long, Long>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("live/work")
          .setRequestMarshaller(new LongMarshaller())
          .setResponseMarshaller(new LongMarshaller())
          .build();

  private final String policy;

  private GrpcContestant(String policy) {
    this.policy = policy;
  }

  /** Takes the name of a load-balancing policy. */
  public static void main(String[] args) throws Exception {
    Contestant.compete(new GrpcContestant(args[0]));
  }

  @Override
  public Contestant.LiveServer serve(TimedQueue queue) throws IOException {
    ServerServiceDefinition service =
        ServerServiceDefinition.builder("live")
            .addMethod(
                WORK, ServerCalls.asyncUnaryCall((work, answer) -> take(queue, work, answer)))
            .build();
    Server server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(service)
            .build()
            .start();
    return new Contestant.LiveServer() {
      @Override
      public int port() {
        return server.getPort();
      }

      @Override
      public void close() {
        server.shutdownNow();
      }
    };
  }

  private static void take(TimedQueue queue, long work, StreamObserver<Long> answer) {
    // With a handler, what is answered to a caller that has given up is dropped, and does not
    // throw.
    ((ServerCallStreamObserver<Long>) answer).setOnCancelHandler(() -> {});
    queue.take(
        work,
        () -> {
          answer.onNext(work);
          answer.onCompleted();
        });
  }

  @Override
  public Client client(List<Integer> ports) {
    List<EquivalentAddressGroup> servers =
        ports.stream()
            .map(port -> new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .map(EquivalentAddressGroup::new)
            .toList();
    NameResolverProvider known = new Known(servers);
    NameResolverRegistry.getDefaultRegistry().register(known);
    ManagedChannel channel =
        Grpc.newChannelBuilder(
                known.getDefaultScheme() + ":///", InsecureChannelCredentials.create())
            .defaultServiceConfig(Map.of("loadBalancingConfig", List.of(Map.of(policy, Map.of()))))
            .disableRetry()
            .build();
    return new Client() {
      @Override
      public void call(long workNanos, Consumer<Boolean> done) {
        ClientCalls.asyncUnaryCall(
            channel.newCall(
                WORK, CallOptions.DEFAULT.withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS)),
            workNanos,
            new Answer(done));
      }

      @Override
      public void close() {
        channel.shutdownNow();
        NameResolverRegistry.getDefaultRegistry().deregister(known);
      }
    };
  }

  private static final class Answer implements StreamObserver<Long> {
    private final Consumer<Boolean> done;

    Answer(Consumer<Boolean> done) {
      this.done = done;
    }

    @Override
    public void onNext(Long message) {}

    @Override
    public void onError(Throwable cause) {
      done.accept(false);
    }

    @Override
    public void onCompleted() {
      done.accept(true);
    }
  }

  /** Knows all servers from the beginning. */
  private static final class Known extends NameResolverProvider {
    private final List<EquivalentAddressGroup> servers;

    Known(List<EquivalentAddressGroup> servers) {
      this.servers = servers;
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args args) {
      return new NameResolver() {
        @Override
        public String getServiceAuthority() {
          return "live";
        }

        @Override
        public void start(Listener2 listener) {
          listener.onResult(
              ResolutionResult.newBuilder()
                  .setAddressesOrError(StatusOr.fromValue(servers))
                  .build());
        }

        @Override
        public void shutdown() {}
      };
    }

    @Override
    public String getDefaultScheme() {
      return "live";
    }

    @Override
    protected boolean isAvailable() {
      return true;
    }

    @Override
    protected int priority() {
      return 5;
    }
  }

  private static final class LongMarshaller implements MethodDescriptor.Marshaller<Long> {

    @Override
    public InputStream stream(Long value) {
      return new ByteArrayInputStream(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
    }

    @Override
    public Long parse(InputStream stream) {
      try {
        return ByteBuffer.wrap(stream.readNBytes(Long.BYTES)).getLong();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
