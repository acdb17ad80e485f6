package io.evenload.servlet;

import jakarta.servlet.ServletContext;

/** Java code of {@code docs/overload.md}, word for word, to show that it compiles. */
final class PageSnippets {

  private PageSnippets() {}

  static void addFilter(ServletContext context) {
    context.addFilter("deadline", new DeadlineFilter()).addMappingForUrlPatterns(null, false, "/*");
  }
}
