package io.evenload.scenario;

/** The incidents that tests replay, in the order of their report. */
enum Scenario {
  ROLLING_RESTART(
      "Rolling restart with drain",
      """
      20 servers with 200 calls a second each, which are not tried again. One after the other is drained for a
      second, down for three, back under a slow start of 10 s, and for 5 s three times as slow as usual.
      No call may fail.
      """),
  RESTART_WITHOUT_DRAIN(
      "Restart without drain",
      """
      The same without a word to the balancer and without a health check, to see what drain is good for: what
      runs at the server breaks, and what comes next is refused. Load-aware choosers notice that it fails, before
      there are five failures in a row for an ejection as a rule.
      """),
  HALF_FAIL_PROBES(
      "Half of the servers fail their probes at once",
      """
      20 servers with 200 calls a second each. The probes of ten fail, although they serve well; then the probe
      of an eleventh, so that fewer than half are eligible. Panic must enter and leave, no server may get more
      than 3 times its normal load, and no call may fail.
      """),
  ALL_PROBES_TIME_OUT(
      "All probes time out while traffic is fine",
      """
      10 servers with 100 calls a second each. What probes them breaks, as a firewall would do it; calls are
      served as before. The probes must not empty the set: no call may fail.
      """),
  FLAPPING_SERVER(
      "A flapping server",
      """
      10 servers with 100 calls a second each, tried 3 times at most. One is down for 5 s and up for 5 s, over
      and over for two minutes. No call may fail, and less than 1 % may need another attempt; afterwards the
      server has its share again.
      """),
  FAILS_FAST(
      "A server that fails fast",
      """
      10 servers with 100 calls a second each, without retry. One answers at once with an error, and so is never
      busy. It must get less than half of its share, and its share again a minute after it is well.
      """),
  SLOW_SERVER(
      "A slow server",
      """
      10 servers with 100 calls a second each. One becomes ten times as slow as the others, under each
      load-aware chooser, and under one that is not. The 99th percentile tells them apart.
      """),
  LIST_SHRINKS_TO_ONE(
      "The list shrinks to one server",
      """
      20 servers with 20 calls a second each, tried twice at most. Discovery loses all but one, which fails for
      5 s while it is alone. Attempts that run elsewhere end well, the one server is never taken out, and when
      the others return under slow start, all get their share again.
      """),
  DISCOVERY_DOWN(
      "Discovery is down for an hour",
      """
      4 servers with 20 calls a second each, tried 3 times at most. The source of the list fails for an hour, in
      which a server dies. The last good list serves all the time, the probes take out what died, and no call
      may fail.
      """),
  CLOCK_JUMPS(
      "The clock jumps forward",
      """
      10 servers with 100 calls a second each, and a process that is stopped for an hour: the clock jumps, all
      timers are late, and what was in flight seems to have taken an hour. No call may fail and no server may be
      lost. Peak EWMA shuns those servers at first, up to three times the load for the others, and forgives them
      within two minutes.
      """),
  ZONE_LOST(
      "One zone is lost",
      """
      3 zones with 6 servers and one client each, 100 calls a second for each server, tried 3 times at most, and
      probes every 2 s. The servers of zone b die. No call may fail: until the probes have told, the third attempt
      finds another zone. The clients of the other zones stay in theirs, and no server may get more than twice
      its load. The balancer that speaks is that of the client in b.
      """),
  SUBSETS(
      "Many servers, of which each client uses a part",
      """
      100 servers and 10 clients that use 20 of them each, 20 calls a second for each server, tried 3 times at
      most. Five servers of the first client's subset die. The load must be even over all servers, the subset must
      grow by as many as are lacking, and no call may fail. The balancer that speaks is that of the first client.
      """);

  /** The heading of its section. */
  final String title;

  /** What happens, and what is promised. */
  final String setting;

  Scenario(String title, String setting) {
    this.title = title;
    this.setting = setting;
  }
}
