package io.evenload.status;

import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import java.util.List;
import java.util.Locale;

/** The pictures, as SVG whose colors the style sheet sets. */
final class Pictures {

  private static final int SLOT_WIDTH = 4;
  private static final int BAR_WIDTH = 3;

  /** With more columns than this the gaps between them would blur. */
  private static final int CROWD = 150;

  private Pictures() {}

  /**
   * Draws a bar for each slot of the last minute, the failures at its foot.
   *
   * @param peak the attempts of a bar of full height
   */
  static void minute(Markup page, Minute minute, int peak, int height) {
    page.raw("<svg class=\"minute\" viewBox=\"0 0 ")
        .raw(ServerCounts.SLOTS * SLOT_WIDTH)
        .raw(" ")
        .raw(height)
        .raw("\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"")
        .text(Numbers.count(minute.attempts()))
        .raw(" attempts in the last minute, ")
        .text(Numbers.count(minute.failures()))
        .raw(" failed\">");
    bars(page, "ok", minute, peak, height, false);
    bars(page, "bad", minute, peak, height, true);
    page.raw("</svg>");
  }

  private static void bars(
      Markup page, String style, Minute minute, int peak, int height, boolean failures) {
    StringBuilder path = new StringBuilder();
    for (int slot = 0; slot < ServerCounts.SLOTS; slot++) {
      int foot = barHeight(minute.failures(slot), peak, height);
      int top = failures ? foot : barHeight(minute.attempts(slot), peak, height);
      int bottom = failures ? 0 : foot;
      if (top > bottom) {
        path.append('M').append(slot * SLOT_WIDTH).append(' ').append(height - bottom);
        path.append('v').append(bottom - top).append('h').append(BAR_WIDTH);
        path.append('v').append(top - bottom).append('z');
      }
    }
    if (path.length() > 0) {
      page.raw("<path class=\"" + style + "\" d=\"").raw(path.toString()).raw("\"/>");
    }
  }

  /** What is more than nothing can be seen. */
  private static int barHeight(int count, int peak, int height) {
    return count == 0 ? 0 : Math.max(1, (int) Math.round((double) count * height / peak));
  }

  /**
   * Draws a share as a bar, with a mark where it should end.
   *
   * @param full the share of a bar of full length
   * @param fair where the mark is; negative for none
   */
  static void share(Markup page, double share, double fair, double full) {
    page.raw("<svg class=\"share\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\"")
        .raw(" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"8\"/>");
    if (share > 0) {
      page.raw("<rect class=\"ok\" width=\"" + decimal(100 * share / full) + "\" height=\"8\"/>");
    }
    if (fair >= 0) {
      double mark = Math.min(99, 100 * fair / full);
      page.raw("<rect class=\"fair\" x=\"" + decimal(mark) + "\" width=\"1\" height=\"8\"/>");
    }
    page.raw("</svg>");
  }

  /** Draws the attempts of the last minute as a column for each server, in the list's order. */
  static void columns(Markup page, BalancerView view) {
    List<EndpointStatus> endpoints = view.status().endpoints();
    int height = 48;
    int width = endpoints.size() > CROWD ? SLOT_WIDTH : BAR_WIDTH;
    long peak = endpoints.stream().mapToLong(e -> view.minute(e).attempts()).max().orElse(0);
    page.raw("<svg class=\"columns\" viewBox=\"0 0 ")
        .raw((long) endpoints.size() * SLOT_WIDTH)
        .raw(" 52\" preserveAspectRatio=\"none\" role=\"img\"")
        .raw(" aria-label=\"Attempts of the last minute at each server\">");
    for (int i = 0; i < endpoints.size(); i++) {
      EndpointStatus endpoint = endpoints.get(i);
      long attempts = view.minute(endpoint).attempts();
      double bar = peak == 0 ? 0 : (double) attempts * height / peak;
      // The foot shows the state, also of a server that gets nothing.
      page.raw("<path class=\"" + style(endpoint.state()) + "\" d=\"M")
          .raw((long) i * SLOT_WIDTH)
          .raw(" 52v-" + decimal(3 + bar) + "h" + width + "v" + decimal(3 + bar) + "z\"/>");
    }
    page.raw("</svg>");
  }

  /** The class of what is about a state, such as {@code s-breaker-open}. */
  static String style(EndpointState state) {
    return "s-" + state.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String decimal(double number) {
    return Double.toString(Math.round(number * 10) / 10.0);
  }
}
