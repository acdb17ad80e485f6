package io.evenload.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server, down to the bytes, that answers well until it is told to be in {@link Trouble}.
 * Thread-safe.
 */
public final class HostileServer implements AutoCloseable {

  private static final int KILOBYTE = 1_024;

  private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Answers answers;
  private volatile @Nullable Trouble trouble;

  /** Ways to answer badly. */
  public enum Trouble {
    /** The status 500. */
    ERROR,
    /** A redirect to the address where clouds keep credentials. */
    REDIRECT_TO_METADATA,
    /** The connection is closed before an answer. */
    CLOSED,
    /** Something that is not HTTP. */
    NO_HTTP,
    /** Status 200 and nothing else. */
    EMPTY,
    /** Status 200 and a page for people. */
    HTML,
    /** A good answer that is cut off, although its length was given. */
    CUT_OFF,
    /** A good answer in chunks that is cut off between two of them. */
    CUT_CHUNKS,
    /** More levels than any stack has. */
    DEEP,
    /** A good beginning that never ends. */
    ENDLESS,
    /** The same, compressed to next to nothing. */
    ENDLESS_GZIP,
    /** Header lines without an end. */
    ENDLESS_HEADERS,
    /** A good answer, a byte each tenth of a second. */
    DRIP,
    /** Nothing at all. */
    SILENCE
  }

  /** What the server says. */
  public interface Answers {

    /** Headers of good answers, each with its line's end. */
    String headers();

    /** The body of a good answer to this request line; null if it is to wait for ever. */
    @Nullable String body(String request);

    /** How an answer begins that never ends. */
    String beginning();

    /** What it goes on with. */
    String more();
  }

  /** Begins to answer well. */
  public HostileServer(Answers answers) throws IOException {
    this.answers = answers;
    start(this::accept);
  }

  private static void start(Runnable work) {
    Thread thread = new Thread(work, "hostile-server");
    thread.setDaemon(true);
    thread.start();
  }

  /** Where it is. */
  public String url() {
    return "http://127.0.0.1:" + socket.getLocalPort();
  }

  /** The first lines of the requests so far. */
  public List<String> requests() {
    return requests;
  }

  /** Answers this way from now on; well if it is null. What runs is cut off. */
  public void trouble(@Nullable Trouble trouble) {
    this.trouble = trouble;
    open.forEach(HostileServer::cut);
  }

  private static void cut(Socket connection) {
    try {
      connection.close();
    } catch (IOException e) {
      // It is closed then.
    }
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        open.add(connection);
        start(() -> serve(connection));
      } catch (IOException e) {
        // It is closed.
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      BufferedReader in =
          new BufferedReader(new InputStreamReader(connection.getInputStream(), UTF_8));
      OutputStream out = connection.getOutputStream();
      for (String request = read(in); request != null; request = read(in)) {
        requests.add(request);
        Trouble now = trouble;
        if (now != null) {
          answer(now, request, out);
          return;
        }
        String body = answers.body(request);
        if (body == null) {
          write(out, head("Transfer-Encoding: chunked"));
          awaitEnd(in);
          return;
        }
        write(out, head("Content-Length: " + body.getBytes(UTF_8).length) + body);
      }
    } catch (IOException e) {
      // The client, or a change of mind, closed it.
    } finally {
      open.remove(connection);
    }
  }

  private static @Nullable String read(BufferedReader in) throws IOException {
    String request = in.readLine();
    String line = request;
    while (line != null && !line.isEmpty()) {
      line = in.readLine();
    }
    return request;
  }

  private static void awaitEnd(BufferedReader in) throws IOException {
    while (in.read() >= 0) {
      // A client has no more to say.
    }
  }

  private String head(String length) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        + answers.headers()
        + length
        + "\r\n\r\n";
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(UTF_8));
    out.flush();
  }

  private void answer(Trouble how, String request, OutputStream out) throws IOException {
    String body = answers.body(request.replace("watch", "list"));
    String good = body == null ? answers.beginning() : body;
    String half = good.substring(0, good.length() / 2);
    switch (how) {
      case ERROR -> write(out, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno");
      case REDIRECT_TO_METADATA ->
          write(
              out,
              String.join(
                  "\r\n",
                  "HTTP/1.1 302 Found",
                  "Location: http://169.254.169.254/latest/meta-data/",
                  "Content-Length: 0",
                  "",
                  ""));
      case CLOSED -> {}
      case NO_HTTP -> write(out, "SSH-2.0-OpenSSH_9.2\r\n");
      case EMPTY -> write(out, head("Content-Length: 0"));
      case HTML -> write(out, head("Connection: close") + "<html><body>Welcome</body></html>");
      case CUT_OFF -> write(out, head("Content-Length: " + good.length()) + half);
      case CUT_CHUNKS -> write(out, head("Transfer-Encoding: chunked") + chunk(half));
      case DEEP ->
          write(out, head("Connection: close") + answers.beginning() + "[".repeat(100_000));
      case ENDLESS -> endless(out);
      case ENDLESS_GZIP -> endlessGzip(out);
      case ENDLESS_HEADERS -> endlessHeaders(out);
      case DRIP -> drip(out, head("Connection: close") + good);
      case SILENCE -> LockSupport.parkNanos(TimeUnit.MINUTES.toNanos(5));
    }
  }

  private static String chunk(String text) {
    return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
  }

  private void endless(OutputStream out) throws IOException {
    write(out, head("Transfer-Encoding: chunked") + chunk(answers.beginning()));
    String chunk = chunk(answers.more().repeat(1 + 64 * KILOBYTE / answers.more().length()));
    while (true) {
      write(out, chunk);
    }
  }

  private void endlessGzip(OutputStream out) throws IOException {
    write(out, head("Connection: close\r\nContent-Encoding: gzip"));
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    byte[] more =
        answers.more().repeat(1 + 64 * KILOBYTE / answers.more().length()).getBytes(UTF_8);
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(answers.beginning().getBytes(UTF_8));
      while (true) {
        gzip.write(more);
        out.write(packed.toByteArray());
        packed.reset();
      }
    }
  }

  private static void endlessHeaders(OutputStream out) throws IOException {
    write(out, "HTTP/1.1 200 OK\r\n");
    while (true) {
      write(out, "X-More: " + "m".repeat(KILOBYTE) + "\r\n");
    }
  }

  private void drip(OutputStream out, String answer) throws IOException {
    for (byte one : answer.getBytes(UTF_8)) {
      out.write(one);
      out.flush();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    open.forEach(HostileServer::cut);
  }
}
