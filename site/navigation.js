/**
 * What is in the site, and where. A page that is listed and not there is left out, with a note; one
 * of docs/ that is not listed comes last, under "More". So a page can be named here before it is written.
 */
export const navigation = [
  { title: "Start", pages: ["README.md", "docs/start.md"] },
  { title: "Decide", pages: ["docs/which-source.md", "docs/which-chooser.md", "docs/which-retry.md"] },
  {
    title: "Guides",
    pages: [
      "docs/spring-boot.md",
      "docs/kubernetes.md",
      "docs/consul.md",
      "docs/dns.md",
      "docs/discovery.md",
      "docs/migrating.md",
      "docs/clients.md",
      "docs/connections.md",
      "docs/overload.md",
      "docs/testing.md",
      "docs/testing-a-chooser.md",
    ],
  },
  { title: "Operate", pages: ["docs/operating.md", "docs/why-there.md", "docs/status.md", "docs/incident-drill.md"] },
  {
    title: "Reference",
    pages: [
      "docs/configuration.md",
      "docs/configuration-expert.md",
      "docs/defaults.md",
      "docs/metrics.md",
      "docs/logging.md",
      "docs/exceptions.md",
      "docs/limits.md",
      "docs/trust.md",
    ],
  },
  { title: "Design", pages: ["docs/design.md", "docs/health.md", "docs/okhttp-internals.md"] },
  { title: "Algorithms", folded: true, pages: ["docs/algorithms/*"] },
  { title: "Decisions", folded: true, pages: ["docs/adr/*"] },
  {
    title: "Findings",
    pages: [
      "docs/benchmarks.md",
      "docs/do-no-harm.md",
      "docs/live-trials.md",
      "docs/simulation.md",
      "docs/replay.md",
      "docs/scenarios.md",
      "docs/scale.md",
      "docs/benchmark-tables.md",
    ],
  },
  {
    title: "Project",
    folded: true,
    pages: ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "RELEASING.md", "site/README.md"],
  },
];

/** Titles that are shorter than the heading of the page. */
export const titles = {
  "README.md": "Evenload",
  "docs/algorithms/README.md": "All algorithms",
  "docs/spring-boot.md": "Spring Boot",
  "docs/kubernetes.md": "Kubernetes",
  "docs/consul.md": "Consul",
  "docs/dns.md": "DNS",
  "docs/discovery.md": "All sources of servers",
  "docs/clients.md": "Retrofit, Feign, Kotlin and others",
  "docs/migrating.md": "Coming from others",
  "docs/testing.md": "Testing a service",
  "docs/testing-a-chooser.md": "Testing a chooser",
  "docs/status.md": "Status page",
  "docs/logging.md": "Logs",
  "docs/metrics.md": "Meters",
  "docs/health.md": "Health",
  "docs/okhttp-internals.md": "OkHttp's insides",
  "docs/live-trials.md": "Live trials",
  "docs/simulation.md": "Simulation",
  "docs/design.md": "The two paths",
};
