(() => {
  'use strict';

  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId('data').textContent);
  if (data.replays.length === 0) {
    byId('replay').hidden = true;
    return;
  }
  const UNLISTED = 201;
  const FAILING = 202;
  const SILENT = 203;
  const FLIGHT = 2.4; // pictures that a request is seen on its way
  const MOST_DOTS = 450;
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  for (const replay of data.replays) {
    replay.servers = replay.cores.length;
    replay.conditions = bytes(replay.conditions);
    replay.frames = replay.conditions.length / replay.servers;
    for (const run of replay.runs) {
      run.loads = bytes(run.loads);
      run.sent = bytes(run.sent);
      run.longest = longest(run.loads, replay);
    }
  }

  /** The load of the server that has the most, picture by picture. */
  function longest(loads, replay) {
    const all = [];
    for (let frame = 0; frame < replay.frames; frame++) {
      const from = frame * replay.servers;
      all.push(Math.max(...loads.subarray(from, from + replay.servers)));
    }
    return all;
  }

  /** The right side is like the left one. */
  function addRight() {
    const left = document.querySelector('.left');
    const right = left.cloneNode(true);
    right.className = 'right';
    right.querySelector('select').setAttribute('aria-label', 'right strategy');
    left.after(right);
  }

  addRight();
  let replay = data.replays[0];
  let at = 0; // pictures since the beginning
  let playing = false;
  let before = 0;
  let charts = [];
  let colors = {};
  const sides = ['left', 'right'].map((side, i) => ({
    root: document.querySelector('.' + side),
    canvas: document.querySelector('.' + side + ' canvas'),
    strategy: [data.left, data.right][i],
  }));

  function readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ['card', 'line', 'ink', 'soft', 'track', 'ok', 'bad', 'amber', 'wait', 'violet', 'calm']) {
      colors[name] = style.getPropertyValue('--' + name).trim();
    }
  }

  const condition = (frame, server) => replay.conditions[frame * replay.servers + server];

  function words(state) {
    switch (state) {
      case 0: return 'still';
      case 100: return '';
      case UNLISTED: return 'gone';
      case FAILING: return 'fails';
      case SILENT: return 'silent';
      default: return state + ' %';
    }
  }

  /** Where things are in a picture of this width. */
  function layout(width) {
    const narrow = width < 420;
    const row = narrow ? 26 : 30;
    const server = narrow ? 74 : 130;
    const queue = server + (narrow ? 66 : 74);
    return { narrow, row, server, queue, client: 12, height: row * replay.servers, width, ...squares(row - 6, width - 36 - queue) };
  }

  /** The largest squares of which as many fit into a row as there are at most. */
  function squares(height, width) {
    const most = Math.max(...sides.map((side) => Math.max(...replay.runs[side.strategy].longest)));
    for (const square of [10, 7, 5, 4]) {
      const lines = Math.floor(height / (square + 1));
      const columns = Math.floor(width / (square + 1));
      if (lines * columns >= most || square === 4) {
        return { square, lines, columns };
      }
    }
  }

  function draw(side) {
    const run = replay.runs[side.strategy];
    const place = layout(side.canvas.clientWidth);
    const ratio = window.devicePixelRatio || 1;
    side.canvas.style.height = place.height + 'px';
    side.canvas.width = Math.round(place.width * ratio);
    side.canvas.height = Math.round(place.height * ratio);
    const pen = side.canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const frame = Math.min(replay.frames - 1, Math.floor(at));
    drawLanes(pen, place, run, frame);
    for (let server = 0; server < replay.servers; server++) {
      drawServer(pen, place, server, condition(frame, server));
      drawQueue(pen, place, server, loadAt(run, server));
    }
    drawRequests(pen, place, run);
    pen.fillStyle = colors.ink;
    pen.beginPath();
    pen.arc(place.client, place.height / 2, 6, 0, 7);
    pen.fill();
    byClass(side, 'p99').textContent = run.p99[frame] + ' ms';
    byClass(side, 'slow').textContent = run.slow[frame].toLocaleString('en');
    byClass(side, 'failed').textContent = run.failed[frame].toLocaleString('en');
  }

  const byClass = (side, name) => side.root.querySelector('.' + name);
  const middle = (place, server) => (server + 0.5) * place.row;

  /** Between two pictures the load changes evenly. */
  function loadAt(run, server) {
    const frame = Math.min(replay.frames - 1, Math.floor(at));
    const next = Math.min(replay.frames - 1, frame + 1);
    const now = run.loads[frame * replay.servers + server];
    return Math.round(now + (run.loads[next * replay.servers + server] - now) * (at - frame));
  }

  /** A point on the way from the client to a server. */
  function way(place, server, part) {
    const bent = part * part * (3 - 2 * part);
    const from = place.height / 2;
    return [place.client + (place.server - place.client) * part, from + (middle(place, server) - from) * bent];
  }

  /** The ways, the wider the more was sent there in the last second. */
  function drawLanes(pen, place, run, frame) {
    const counts = new Array(replay.servers).fill(0);
    let all = 0;
    for (let past = Math.max(0, frame - 19); past <= frame; past++) {
      for (let server = 0; server < replay.servers; server++) {
        counts[server] += run.sent[past * replay.servers + server];
        all += run.sent[past * replay.servers + server];
      }
    }
    pen.strokeStyle = colors.track;
    pen.lineCap = 'round';
    counts.forEach((count, server) => {
      pen.lineWidth = all === 0 ? 0.5 : Math.max(0.5, Math.min(place.row - 8, (count / all) * replay.servers * 6));
      pen.beginPath();
      for (let step = 0; step <= 12; step++) {
        pen.lineTo(...way(place, server, step / 12));
      }
      pen.stroke();
    });
  }

  function drawServer(pen, place, server, state) {
    const top = server * place.row + 3;
    const well = state === 100;
    const color = well ? colors.soft : state === SILENT || state === FAILING || state === 0 ? colors.bad : colors.amber;
    pen.fillStyle = well ? colors.calm : colors.card;
    pen.strokeStyle = well ? colors.calm : color;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.roundRect(place.server, top, place.queue - place.server - 8, place.row - 6, 5);
    pen.fill();
    pen.stroke();
    pen.fillStyle = well ? colors.ink : color;
    pen.font = '600 11px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    pen.textAlign = 'left';
    pen.fillText(String(server + 1), place.server + 6, middle(place, server) + 0.5);
    pen.font = '11px system-ui, sans-serif';
    pen.textAlign = 'right';
    pen.fillText(words(state) || own(server), place.queue - 13, middle(place, server) + 0.5);
  }

  /** How a server differs from others while it is well. */
  function own(server) {
    const speed = replay.speeds[server];
    return replay.speeds.some((other) => other !== speed) ? speed + '×' : '';
  }

  /** A square for each request: those that have a core of their own, and those that wait. */
  function drawQueue(pen, place, server, load) {
    const step = place.square + 1;
    const top = middle(place, server) - (place.lines * step - 1) / 2;
    const drawn = Math.min(load, place.lines * place.columns);
    for (let i = 0; i < drawn; i++) {
      pen.fillStyle = i < replay.cores[server] ? colors.ok : colors.wait;
      pen.fillRect(place.queue + Math.floor(i / place.lines) * step, top + (i % place.lines) * step, place.square, place.square);
    }
    pen.fillStyle = load > 2 * replay.cores[server] ? colors.ink : colors.soft;
    pen.textAlign = 'left';
    pen.fillText(String(load), place.queue + Math.ceil(drawn / place.lines) * step + 4, middle(place, server) + 0.5);
  }

  /** The requests that will arrive soon, on their way. */
  function drawRequests(pen, place, run) {
    const first = Math.floor(at);
    const last = Math.min(replay.frames - 1, Math.ceil(at + FLIGHT));
    let all = 0;
    for (let i = first * replay.servers; i < (last + 1) * replay.servers; i++) {
      all += run.sent[i] || 0;
    }
    const every = Math.max(1, Math.ceil(all / MOST_DOTS));
    for (let frame = first; frame <= last; frame++) {
      for (let server = 0; server < replay.servers; server++) {
        const count = run.sent[frame * replay.servers + server];
        pen.fillStyle = condition(frame, server) === 100 ? colors.ok : colors.bad;
        for (let i = (frame + server) % every; i < count; i += every) {
          const arrival = frame - 1 + (i + 0.5) / count;
          const part = 1 - (arrival - at) / FLIGHT;
          if (part > 0 && part < 1) {
            pen.beginPath();
            pen.arc(...way(place, server, part), place.narrow ? 1.6 : 2, 0, 7);
            pen.fill();
          }
        }
      }
    }
  }

  function show() {
    sides.forEach(draw);
    const seconds = (at * replay.frameMillis) / 1000;
    byId('seconds').textContent = seconds.toFixed(1) + ' s';
    byId('scrub').value = String(Math.round(at));
    byId('scrub').setAttribute('aria-valuetext', seconds.toFixed(1) + ' seconds');
    charts.forEach(mark);
  }

  /** Shows in a chart what time it is. */
  function mark(plot) {
    const seconds = (at * replay.frameMillis) / 1000;
    plot.over.querySelector('.now').style.left = plot.valToPos(seconds, 'x') + 'px';
  }

  function seek(frame) {
    at = Math.max(0, Math.min(replay.frames - 1, frame));
    show();
  }

  function play(start) {
    playing = start;
    byId('play').textContent = playing ? 'Pause' : 'Play';
    if (playing) {
      at = at >= replay.frames - 1 ? 0 : at;
      before = performance.now();
      requestAnimationFrame(tick);
    }
  }

  function tick(now) {
    if (!playing) {
      return;
    }
    seek(at + ((now - before) / replay.frameMillis) * Number(byId('speed').value));
    before = now;
    if (at >= replay.frames - 1) {
      play(false);
    } else {
      requestAnimationFrame(tick);
    }
  }

  function chart(root, values, log) {
    const axis = { stroke: colors.soft, grid: { stroke: colors.line, width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    const line = (side, color) => ({ label: data.strategies[side.strategy], stroke: color, width: 1.5, points: { show: false } });
    const options = {
      width: root.clientWidth,
      height: 170,
      legend: { show: false },
      hooks: { draw: [mark] },
      cursor: { drag: { x: false, y: false, setScale: false }, points: { show: false }, y: false },
      scales: { x: { time: false }, y: log ? { distr: 3 } : { range: (plot, least, most) => [0, Math.max(1, most * 1.05)] } },
      axes: [
        { ...axis, size: 24, values: (plot, ticks) => ticks.map((tick) => tick + ' s') },
        { ...axis, size: 44, values: (plot, ticks) => ticks.map((tick) => (tick === null ? '' : String(tick))) },
      ],
      series: [{}, line(sides[0], colors.violet), line(sides[1], colors.ok)],
    };
    root.replaceChildren();
    const seconds = Array.from({ length: replay.frames }, (none, frame) => (frame * replay.frameMillis) / 1000);
    const plot = new uPlot(options, [seconds, ...sides.map((side) => values(replay.runs[side.strategy]))], root);
    const now = document.createElement('div');
    now.className = 'now';
    plot.over.append(now);
    plot.over.addEventListener('click', (event) => seek((plot.posToVal(event.offsetX, 'x') * 1000) / replay.frameMillis));
    return plot;
  }

  function drawCharts() {
    charts = [
      chart(byId('chart-p99'), (run) => run.p99.map((millis) => Math.max(1, millis)), true),
      chart(byId('chart-queue'), (run) => run.longest, false),
    ];
  }

  /** The picture in which the sides differ most: where one looks first. */
  function telling() {
    const [left, right] = sides.map((side) => replay.runs[side.strategy].longest);
    let best = 0;
    for (let frame = 0; frame < replay.frames; frame++) {
      best = left[frame] - right[frame] > left[best] - right[best] ? frame : best;
    }
    return best;
  }

  function choose() {
    replay = data.replays[byId('scenario').selectedIndex];
    sides.forEach((side) => {
      side.strategy = side.root.querySelector('select').selectedIndex;
      byClass(side, 'limit').textContent = 'over ' + replay.slowMillis + ' ms';
      side.canvas.setAttribute('aria-label', 'servers and their requests, with ' + data.strategies[side.strategy]);
    });
    byId('lesson').textContent = replay.lesson;
    byId('scrub').max = String(replay.frames - 1);
    byId('waiting').textContent = replay.sharing ? 'more than it has cores for' : 'waiting in line';
    drawCharts();
  }

  function fill(select, names, chosen) {
    names.forEach((name, i) => select.add(new Option(name, String(i), i === chosen, i === chosen)));
    select.addEventListener('change', () => {
      choose();
      seek(select.id === 'scenario' ? telling() : at);
    });
  }

  fill(byId('scenario'), data.replays.map((one) => one.name), 0);
  sides.forEach((side) => fill(side.root.querySelector('select'), data.strategies, side.strategy));
  byId('play').addEventListener('click', () => play(!playing));
  byId('scrub').addEventListener('input', (event) => {
    play(false);
    seek(Number(event.target.value));
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === ' ' && event.target === document.body) {
      event.preventDefault();
      play(!playing);
    }
  });
  const again = () => {
    readColors();
    drawCharts();
    show();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  let width = 0;
  new ResizeObserver(() => {
    if (byId('replay').clientWidth !== width) {
      width = byId('replay').clientWidth;
      again();
    }
  }).observe(byId('replay'));
  readColors();
  choose();
  seek(telling());
})();
