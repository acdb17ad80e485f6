/*
 * THE MAP OF THE ENGINE
 *
 * What is public here is the API: begin with LoadBalancer, Server, ServerList, Endpoint, Chooser, RequestContext,
 * Attempt, Gate. Everything else is the engine, package-private. It is two ways, and each goes one way only: a class
 * knows those after it and none before it.
 *
 *
 * AN ATTEMPT'S WAY: any thread, many at once; no lock, no log, and no allocation but the Attempt
 *
 *   LoadBalancer.start    reads the snapshot in force, and again if it was replaced meanwhile
 *   Picker                which endpoint is asked: what the request prefers, another zone, the chooser's two choices
 *   LastResort            searches all endpoints when the choices were refused (Refusing: was anything free meanwhile?)
 *   Admission             the endpoint's state, a slot below its limit, its gates (GateChain), in this order
 *   Attempt               ends exactly once, into the counters of its LiveEndpoint (EndpointLoad, Tally)
 *
 *   Beside it: NoRoom remembers that every endpoint refuses, so that not each attempt searches them all. Refusal words why
 *   there was no server. RequestContext remembers what the request has tried. AttemptLog tells at DEBUG by which Choice the
 *   attempt went there. LeakSampler watches attempts that nobody ends.
 *
 *
 * A LIST'S WAY: the control path; one event after another, and rare, so that it may allocate, log and take its time
 *
 *   ControlPath           every event that is no attempt: lists, ticks, timers, people; a SerialExecutor puts them in a row
 *   ListSource            where lists come from: subscribes until it succeeds, and has the source look again
 *   NetworkFilter         leaves out of a list what is not in the networks that servers may be in
 *   Timers                on which threads what is due later, or is handed over, runs
 *   Roster                who is listed: one RosterEntry for each id, until it left and has drained
 *   Partition             which pool each one is in, and which of them this client uses (Subset: Aperture, SubsetRing)
 *   Eligibility           why each may be chosen or not (Standing): the one table of rules, as in docs/health.md
 *   SnapshotPublisher     weights and standings of all; publishes, and tells listeners and StateLog what changed
 *   SnapshotBuilder       which part of the load each priority gets (PriorityLoads), and where panic is
 *   PriorityLevel         of one priority: which zones serve, and with which part of its load (ZoneShares)
 *   PoolEntry             of one zone: has the chooser prepare for its Candidates
 *   Snapshot              all that an attempt needs; immutable, in force by one volatile write
 *
 *   What Eligibility goes by: DrainRegistry (people and announcements), GateFactories (which gates an endpoint has),
 *   HealthMonitor (probes: ProbeSchedule says when, ProbeCaller how, Verdict what the answers mean), and Ejector
 *   (outcomes: OutlierRule and Peers say who is worse than the others, Ejection for how long).
 *   What weights go by: RampUp (slow start) and ReportedWeights.
 *   What all of them may ask of the path itself: Control.
 *
 *
 * WHERE THE TWO MEET, and nowhere else
 *
 *   Snapshot              the control path writes it, attempts read it
 *   LiveEndpoint          its counters: attempts write them, and the tick of the control path; what it says of the
 *                         endpoint (server, weight, standing, gates, pool): the control path writes it
 *   StreakAlarm           an attempt whose failure is one too many in a row asks for a look, on another thread
 *   RefusedAttempts       an attempt counts that it was refused; the tick asks whether most were
 *   Pulse                 the tick beats; an attempt that misses it says so to Timers
 *   Listeners             the control path queues events, and a thread that is not on it tells them
 *   LeakSampler           an attempt pushes its sample onto a stack, which the tick takes over
 *   ReportedWeights       a response brings a report, which the tick makes a share of
 *   NoRoom                a new snapshot ends what attempts have found out of the one before
 *   Gate.Factory          a gate that an attempt opens or closes asks for a new snapshot, on another thread
 *   Pool                  the chooser, bound: the control path prepares it, attempts ask what it prepared
 *
 *   Why an attempt that finds its endpoint marked also finds a newer snapshot: see SnapshotPublisher. Why nothing begins
 *   where nothing may be in flight any more: see Admission.
 *
 *
 * WHO MAY WRITE WHAT
 *
 *   RosterEntry, PoolEntry, and the fields of every class of the list's way: the control path alone. They are plain
 *   fields; what Control.onPath says is asserted where events come in, and tests run with assertions.
 *   LiveEndpoint's volatile fields: the control path writes them, anybody reads them.
 *   EndpointLoad's counters: anybody, each word on its own. They have cache lines of their own.
 *   Attempt, RequestContext, Listeners, RateLimitedLog: any thread; each says how.
 *   Snapshot, Candidates, Options, Standing, Verdict, Ejection: nobody, they are immutable.
 *   BalancerContext is what all parts of one balancer share: its name, time, randomness, log and listeners.
 *
 *   Which thread is on the control path: one that a person or a list brings, if nobody is there yet, or one of Timers' own;
 *   it goes on with whatever others bring meanwhile. What an attempt or a probe sets off is handed over, so that neither
 *   requests nor probes do this work.
 *
 *   What users wrote (choosers, gates, listeners, probes, lists, filters) may throw anywhere: who calls it contains it.
 *
 *
 * WHERE TO BEGIN READING: LoadBalancer.start and Picker.pick; then ControlPath.apply, Roster.update, and
 * SnapshotPublisher.publish.
 */

/**
 * Client-side load balancing: server lists, endpoints, choosers, and the engine that joins them.
 *
 * <p>Start with {@link io.evenload.LoadBalancer}.
 */
package io.evenload;
