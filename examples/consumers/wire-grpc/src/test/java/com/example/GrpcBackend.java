package com.example;

import com.example.rolling.Backend;
import com.squareup.wire.ProtoAdapter;
import io.grpc.InsecureServerCredentials;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** A server of gRPC's own implementation, which ends as it should: what it has begun it answers. */
final class GrpcBackend {

  private GrpcBackend() {}

  static Backend start(String name) {
    MethodDescriptor<String, String> find =
        MethodDescriptor.newBuilder(new Text(), new Text())
            .setFullMethodName("shop.Orders/Find")
            .setType(MethodDescriptor.MethodType.UNARY)
            .build();
    ServerServiceDefinition orders =
        ServerServiceDefinition.builder("shop.Orders")
            .addMethod(
                find,
                ServerCalls.asyncUnaryCall(
                    (request, response) -> {
                      response.onNext(name);
                      response.onCompleted();
                    }))
            .build();
    try {
      Server server =
          NettyServerBuilder.forAddress(
                  new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
              .addService(orders)
              .build()
              .start();
      return new Backend() {
        @Override
        public int port() {
          return server.getPort();
        }

        @Override
        public void stop() {
          try {
            server.shutdown().awaitTermination(30, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Messages of the type StringValue. */
  private static final class Text implements MethodDescriptor.Marshaller<String> {
    @Override
    public InputStream stream(String value) {
      return new ByteArrayInputStream(ProtoAdapter.STRING_VALUE.encode(value));
    }

    @Override
    public String parse(InputStream stream) {
      try {
        return ProtoAdapter.STRING_VALUE.decode(stream);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
