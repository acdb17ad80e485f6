package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.health.OutlierDetection;
import io.evenload.testing.FakeGates;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random outcomes, lists, gates and ejections, held against what is promised of ejections. */
final class OutlierModelTest {

  private static final int STEPS = 500;
  private static final int IDS = 14;
  private static final Pattern DURATION = Pattern.compile(".*, for (\\d+) s");
  private static final Pattern IN_A_ROW = Pattern.compile("(\\d+) failures in a row, .*");

  @ParameterizedTest
  @CsvSource({"1, 10", "2, 10", "3, 10", "4, 34", "5, 34", "6, 34", "7, 100", "8, 100", "9, 0"})
  void randomEvents_keepWhatIsPromised(long seed, int percent) throws Exception {
    Model model = new Model(seed, percent);
    for (int step = 0; step < STEPS; step++) {
      model.step();
    }
    model.balancer.close();
    assertThat(model.broken).isEmpty();
    if (percent == 0) {
      assertThat(model.begun).isZero();
    } else {
      assertThat(model.begun).as("ejections").isGreaterThan(20);
    }
  }

  private static final class Model implements LoadBalancerListener {
    final World world;
    final SeededRandom random;
    final int percent;
    final UpdatableServerList list = new UpdatableServerList(World.servers(IDS));
    final FakeGates gates = new FakeGates();
    final LoadBalancer balancer;
    final Map<String, Integer> streaks = new HashMap<>(); // failures since the last success
    final Map<String, Long> ends = new HashMap<>(); // of the ejections that run
    final List<String> broken = new ArrayList<>(); // what the listener throws would be contained
    int begun;

    Model(long seed, int percent) {
      this.world = new World(seed);
      this.random = new SeededRandom(seed * 1_000);
      this.percent = percent;
      this.balancer =
          world
              .balancer(list)
              .gate(gates)
              .listener(this)
              .outlierDetection(
                  OutlierDetection.builder().jitter(0).maxEjectionPercent(percent).build())
              .build();
    }

    void step() throws NoServerAvailableException {
      switch (random.nextInt(10)) {
        case 0 -> list.update(servers());
        case 1 ->
            balancer.admin().eject(id(), Duration.ofSeconds(1 + random.nextInt(100)), "asked");
        case 2 -> gates.of(id()).change(random.nextInt(4) > 0);
        case 3, 4 -> burst(id());
        case 5 -> world.time.advance(Duration.ofMillis(random.nextInt(20_000)));
        default -> outcomes(id());
      }
      world.time.runDue();
      check();
    }

    private List<Server> servers() {
      List<Server> servers = new ArrayList<>();
      int kept = 1 + random.nextInt(4);
      for (int i = 0; i < IDS; i++) {
        if (random.nextInt(4) < kept) {
          int weight = random.nextInt(8) == 0 ? 0 : 1;
          servers.add(
              Server.builder("s" + i, 80).id("s" + i).weight(weight).priority(i % 5 / 3).build());
        }
      }
      return servers;
    }

    private String id() {
      return "s" + random.nextInt(IDS);
    }

    private void outcomes(String id) throws NoServerAvailableException {
      for (int i = random.nextInt(120); i > 0; i--) {
        end(id, random.nextInt(3) == 0 ? Outcome.SUCCESS : Outcome.FAILURE);
        end(id, Outcome.CANCELLED);
      }
    }

    /**
     * Enough failures for an ejection, where all others are well, and time to bring it about: only
     * want of room excuses.
     */
    private void burst(String id) throws NoServerAvailableException {
      for (int i = 0; i < IDS * LastOutcomes.MOST; i++) {
        if (!id.equals("s" + i % IDS)) {
          end("s" + i % IDS, Outcome.SUCCESS);
        }
      }
      for (int i = 0; i < 5 + random.nextInt(5); i++) {
        end(id, Outcome.FAILURE);
      }
      boolean wasEligible = states().get(id) == EndpointState.ELIGIBLE;
      boolean trafficFailed = streaks.getOrDefault(id, 0) >= 5;
      world.time.advance(Duration.ofSeconds(1));
      if (wasEligible && trafficFailed && states().get(id) == EndpointState.ELIGIBLE && room(id)) {
        broken.add(id + " failed and there was room, but it was not ejected");
      }
    }

    private void end(String id, Outcome outcome) {
      Attempt attempt;
      try {
        attempt = balancer.start(RequestContext.create().only(s -> s.id().equals(id)));
      } catch (NoServerAvailableException e) {
        return;
      }
      attempt.end(outcome, null);
      if (outcome == Outcome.SUCCESS) {
        streaks.put(id, 0);
      } else if (outcome.failed()) {
        streaks.merge(id, 1, Integer::sum);
      }
    }

    /** Whether one more could be ejected, by the definition. */
    private boolean room(String id) {
      Map<Integer, Integer> known = known();
      int priority = priority(id);
      int all = known.values().stream().mapToInt(Integer::intValue).sum();
      long eligible =
          states().values().stream().filter(state -> state == EndpointState.ELIGIBLE).count();
      return all >= 3
          && eligible >= 2
          && running(priority, Duration.ofSeconds(1))
              < OutlierRule.cap(known.getOrDefault(priority, 0), percent);
    }

    @Override
    public void stateChanged(StateChanged event) {
      long now = world.time.getAsLong();
      if (event.from() == EndpointState.EJECTED && event.to() == EndpointState.ELIGIBLE) {
        long late = now - ends.getOrDefault(event.server().id(), Long.MAX_VALUE);
        expect(
            late >= 0 && late <= 1_000_000_000, event.server().id() + " came back late by " + late);
        ends.remove(event.server().id());
        streaks.put(event.server().id(), 0);
      }
      boolean begins =
          event.to() == EndpointState.EJECTED
              && ends.getOrDefault(event.server().id(), now) - now <= 0;
      if (begins) {
        begun++;
        expect(
            event.from() == EndpointState.ELIGIBLE,
            event.server().id() + " was ejected, but was " + event.from());
        ends.put(event.server().id(), now + Duration.ofSeconds(seconds(event.reason())).toNanos());
        begins(event.server(), event.reason());
      }
    }

    private void begins(Server server, String reason) {
      Map<Integer, Integer> known = known();
      int priority = server.priority();
      int cap = OutlierRule.cap(known.getOrDefault(priority, 0), percent);
      int running = running(priority, Duration.ZERO);
      expect(running <= cap, running + " ejected of " + known);
      expect(known.values().stream().mapToInt(n -> n).sum() >= 3, "few known: " + known);
      expect(states().containsValue(EndpointState.ELIGIBLE), "none is left");
      Matcher streak = IN_A_ROW.matcher(reason);
      if (streak.matches()) {
        int failures = Integer.parseInt(streak.group(1));
        int happened = streaks.getOrDefault(server.id(), 0);
        expect(failures >= 5 && failures <= happened, reason + " of " + happened);
      }
    }

    private void check() {
      long now = world.time.getAsLong();
      Set<String> present = new HashSet<>();
      for (EndpointStatus endpoint : balancer.status().endpoints()) {
        String id = endpoint.server().id();
        present.add(id);
        boolean runs = ends.getOrDefault(id, now) - now > 0;
        if (endpoint.state() == EndpointState.ELIGIBLE) {
          expect(!runs, id + " is eligible before its ejection is over");
        }
      }
      streaks.keySet().retainAll(present); // ejections go on where they were on return
      ends.values().removeIf(end -> now - end >= 1_000_000_000);
    }

    private Map<String, EndpointState> states() {
      Map<String, EndpointState> states = new HashMap<>();
      for (EndpointStatus endpoint : balancer.status().endpoints()) {
        states.put(endpoint.server().id(), endpoint.state());
      }
      return states;
    }

    /** By priority, how many endpoints traffic is meant for. */
    private Map<Integer, Integer> known() {
      Map<Integer, Integer> known = new HashMap<>();
      for (EndpointStatus endpoint : balancer.status().endpoints()) {
        if (endpoint.state() != EndpointState.DRAINING
            && endpoint.state() != EndpointState.WEIGHT_ZERO) {
          known.merge(endpoint.server().priority(), 1, Integer::sum);
        }
      }
      return known;
    }

    private int priority(String id) {
      return balancer.status().endpoints().stream()
          .filter(endpoint -> endpoint.server().id().equals(id))
          .mapToInt(endpoint -> endpoint.server().priority())
          .sum();
    }

    /** How many ejections run, counting those that ended behind a closed gate within the grace. */
    private int running(int priority, Duration grace) {
      long now = world.time.getAsLong();
      int running = 0;
      for (EndpointStatus endpoint : balancer.status().endpoints()) {
        EndpointState state = endpoint.state();
        long end = ends.getOrDefault(endpoint.server().id(), now - grace.toNanos());
        boolean runs = state == EndpointState.EJECTED || now - end < grace.toNanos();
        boolean counts = state != EndpointState.DRAINING && state != EndpointState.WEIGHT_ZERO;
        running += runs && counts && endpoint.server().priority() == priority ? 1 : 0;
      }
      return running;
    }

    private static long seconds(String reason) {
      Matcher matcher = DURATION.matcher(reason);
      assertThat(matcher.matches()).as(reason).isTrue();
      return Long.parseLong(matcher.group(1));
    }

    private void expect(boolean promise, String otherwise) {
      if (!promise) {
        broken.add(otherwise);
      }
    }
  }
}
