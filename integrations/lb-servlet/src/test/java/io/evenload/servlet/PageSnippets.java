package io.evenload.servlet;

import jakarta.servlet.ServletContext;

/** Java code of {@code docs/overload.md} that is shown to compile, and not run. */
final class PageSnippets {

  private PageSnippets() {}

  static void filter(ServletContext context) {
    context
        .addFilter("deadline", new DeadlineFilter()) // of lb-servlet: takes it over
        .addMappingForUrlPatterns(null, false, "/*");
  }
}
