package io.evenload.servlet;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServlet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;

/** A real container, Tomcat, with one servlet behind one filter. */
final class Container implements AutoCloseable {

  private static final Logger QUIET = Logger.getLogger("org.apache");

  static {
    QUIET.setLevel(Level.SEVERE);
  }

  private final Tomcat tomcat = new Tomcat();

  Container(Filter filter, HttpServlet servlet) throws Exception {
    Path base = Files.createDirectories(Path.of("target", "tomcat")).toAbsolutePath();
    tomcat.setBaseDir(base.toString());
    Connector connector = new Connector();
    connector.setPort(0);
    connector.setProperty("address", "127.0.0.1");
    connector.setProperty("maxThreads", "2");
    connector.setProperty("minSpareThreads", "1");
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", base.toString());
    Wrapper wrapper = Tomcat.addServlet(context, "servlet", servlet);
    wrapper.setAsyncSupported(true);
    context.addServletMappingDecoded("/*", "servlet");
    FilterDef definition = new FilterDef();
    definition.setFilterName("deadline");
    definition.setFilter(filter);
    definition.setAsyncSupported("true");
    context.addFilterDef(definition);
    FilterMap mapping = new FilterMap();
    mapping.setFilterName("deadline");
    mapping.addURLPattern("/*");
    mapping.setDispatcher("REQUEST");
    mapping.setDispatcher("ASYNC");
    context.addFilterMap(mapping);
    tomcat.start();
  }

  int port() {
    return tomcat.getConnector().getLocalPort();
  }

  String url(String path) {
    return "http://127.0.0.1:" + port() + path;
  }

  @Override
  public void close() throws LifecycleException {
    tomcat.stop();
    tomcat.destroy();
  }
}
