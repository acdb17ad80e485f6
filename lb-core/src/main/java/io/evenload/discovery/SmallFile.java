package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A file that is read and written as a whole. */
final class SmallFile {

  private static final int LARGEST = 64 << 20;

  private SmallFile() {}

  /**
   * Returns what is in the file.
   *
   * @throws IOException also if it is larger than 64 MB
   */
  static byte[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(LARGEST + 1);
      if (content.length > LARGEST) {
        throw new IOException(file + ": larger than " + LARGEST + " bytes");
      }
      return content;
    }
  }

  /**
   * Returns the text that is UTF-8.
   *
   * @throws IllegalArgumentException if it is not
   */
  static String text(byte[] content) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("expected UTF-8", e);
    }
  }

  /**
   * Replaces the file at once: whoever reads it, or finds it after a crash, has the old or the new
   * content. Its owner alone may read it, where the file system knows such a thing.
   */
  static void replace(Path file, String text) throws IOException {
    Path directory = requireNonNull(file.toAbsolutePath().getParent(), "directory");
    Path next = file.resolveSibling(file.getFileName() + ".next");
    boolean unused = Files.deleteIfExists(next); // what a crash has left
    boolean posix = Files.getFileStore(directory).supportsFileAttributeView("posix");
    FileAttribute<?>[] ownerOnly =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try (FileChannel channel =
        FileChannel.open(
            next, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
      while (bytes.hasRemaining()) {
        int unusedCount = channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    if (posix) {
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true); // so that the new name outlasts a crash, too
      }
    }
  }
}
