package io.evenload.okhttp;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a server says of its load in the header {@value #HEADER}, the per-request report of ORCA
 * (the Open Request Cost Aggregation of Envoy and gRPC).
 *
 * @param utilization of the application or, if that is not told, of the processors; 1 is full
 * @param qps the requests a second that it serves
 * @param eps how many of them fail
 */
record LoadReport(double utilization, double qps, double eps) {

  static final String HEADER = "endpoint-load-metrics";

  /** 8 kB: all headers of a response have about that much, and a report has a few dozen bytes. */
  static final int MAX_LENGTH = 8_192;

  private static final String JSON = "JSON ";
  private static final String TEXT = "TEXT ";
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9]\\d{0,30})(\\.\\d{1,30})?([eE][+-]?\\d{1,3})?");

  /**
   * Reads {@code JSON {"cpu_utilization": 0.3}} or {@code TEXT cpu_utilization=0.3}, with or
   * without the word in front. Returns null if it cannot be read.
   */
  static @Nullable LoadReport parse(String header) {
    if (header.length() > MAX_LENGTH) {
      return null;
    }
    Map<String, Double> fields;
    if (header.startsWith(JSON)) {
      fields = FlatJson.numbers(header.substring(JSON.length()));
    } else if (header.startsWith("{")) {
      fields = FlatJson.numbers(header);
    } else {
      fields = text(header.startsWith(TEXT) ? header.substring(TEXT.length()) : header);
    }
    return fields == null ? null : of(fields);
  }

  /**
   * Returns what the server's weight should be, as in gRPC's proposal A58: its rate at full
   * utilization, errors counted as utilization. NaN if the report does not tell.
   *
   * @param errorPenalty how much an error counts
   */
  double weight(double errorPenalty) {
    if (!(qps > 0 && utilization > 0)) {
      return Double.NaN;
    }
    double weight = qps / (utilization + eps / qps * errorPenalty);
    return weight > 0 && weight < Double.POSITIVE_INFINITY ? weight : Double.NaN;
  }

  private static @Nullable LoadReport of(Map<String, Double> fields) {
    double application = field(fields, "application_utilization", "applicationUtilization");
    double cpu = field(fields, "cpu_utilization", "cpuUtilization");
    double fractional = field(fields, "rps_fractional", "rpsFractional");
    double qps = fractional > 0 ? fractional : field(fields, "rps", "qps");
    double eps = field(fields, "eps", "eps");
    boolean negative = application < 0 || cpu < 0 || qps < 0 || eps < 0;
    return negative ? null : new LoadReport(application > 0 ? application : cpu, qps, eps);
  }

  private static double field(Map<String, Double> fields, String name, String otherName) {
    Double value = fields.get(name);
    return value != null ? value : fields.getOrDefault(otherName, 0.0);
  }

  private static @Nullable Map<String, Double> text(String text) {
    Map<String, Double> fields = new HashMap<>();
    for (String pair : text.split(",", -1)) {
      int equals = pair.indexOf('=');
      double value = equals < 0 ? Double.NaN : number(pair.substring(equals + 1).trim());
      if (Double.isNaN(value)) {
        return null;
      }
      fields.put(pair.substring(0, equals).trim(), value);
    }
    return fields;
  }

  /** Returns a finite number; NaN if the text is none. */
  static double number(String text) {
    if (!NUMBER.matcher(text).matches()) {
      return Double.NaN;
    }
    double value = Double.parseDouble(text);
    return Double.isInfinite(value) ? Double.NaN : value;
  }
}
