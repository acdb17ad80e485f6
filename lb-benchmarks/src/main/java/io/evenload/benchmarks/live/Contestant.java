package io.evenload.benchmarks.live;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * A client under trial, and the kind of server that it speaks to. Its process runs {@link
 * #compete}, which takes trials from {@link LiveTrials}.
 */
public interface Contestant {

  /**
   * How long a call may take, in seconds, by whatever the client has for that; it makes no retries.
   */
  int TIMEOUT_SECONDS = 3;

  /**
   * Starts a server at a free port of the loopback address, whose requests the queue is to take.
   */
  LiveServer serve(TimedQueue queue) throws IOException;

  /** Makes a client that balances over the servers at these ports. */
  Client client(List<Integer> ports) throws Exception;

  /** A server that runs. */
  interface LiveServer extends AutoCloseable {

    /** The port that it listens at. */
    int port();

    @Override
    void close();
  }

  /** A client in use. */
  interface Client extends AutoCloseable {

    /**
     * Begins a call without waiting for anything.
     *
     * @param workNanos what the server is told to take for it
     * @param done is told once, by any thread, whether it succeeded
     */
    void call(long workNanos, Consumer<Boolean> done);

    @Override
    void close();
  }

  /**
   * Runs the trials that the standard input names, one line each, and answers each on the standard
   * output; to be the last that a process does.
   */
  @SuppressWarnings("SystemOut") // it is the answer
  static void compete(Contestant contestant) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // so that nothing else that is printed is taken for an answer
    BufferedReader trials =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = trials.readLine(); line != null; line = trials.readLine()) {
      String[] fields = line.split(" ", -1);
      Script script =
          new Script(
              Scene.valueOf(fields[0]),
              Long.parseLong(fields[1]),
              Double.parseDouble(fields[2]),
              Double.parseDouble(fields[3]));
      answers.println(new Trial(contestant, script).run().line());
      answers.flush();
    }
    System.exit(0); // whatever threads the client has left
  }
}
