import t from 'tap';
import { generateTopology, graphOf, loadTopology } from '../../../orchestrator/topology/index.js';
import { layOut } from '../../../orchestrator/topology/layout.js';
import { parse, shippedTopology } from './support/problems.js';

t.test('mermaid', async (t) => {
  const lines = graphOf(loadTopology(shippedTopology('hello')), 'mermaid').split('\n');
  t.same(lines.slice(0, 6), [
    'graph LR',
    '  d0["<b>a</b><br/>10.0.0.1/24"]:::host',
    '  d1["<b>b</b><br/>10.0.0.2/24"]:::host',
    '  d2[["<b>sw</b><br/>10.0.0.0/24"]]:::switch',
    '  d0 --- d2',
    '  d1 --- d2',
  ]);
  const impaired = parse(
    'devices: {a: host, b: host}\nlinks: [{link: a -- b, delay: 5ms, loss: 1%, from: {b: {rate: 1Mbit}}}]\n',
  );
  t.match(graphOf(impaired, 'mermaid'), 'd0 ---|"5ms 1% loss / 5ms 1% loss 1Mbit"| d1');
  const bursty = parse(
    'devices: {a: host, b: host}\nlinks: [{link: a -- b, loss: {model: gilbert-elliott, goodToBad: 1%, badToGood: 9%}}]\n',
  );
  t.match(graphOf(bursty, 'mermaid'), 'd0 ---|"Gilbert-Elliott loss"| d1');
});

t.test('dot', async (t) => {
  const lines = graphOf(loadTopology(shippedTopology('hello')), 'dot').split('\n');
  t.equal(lines[0], 'graph "hello" {');
  t.equal(
    lines[3],
    '  "a" [label="a\\n10.0.0.1/24", shape=box, style="rounded,filled", fillcolor="#e3f0ff", color="#2f6fb3"];',
  );
  t.equal(lines[6], '  "a" -- "sw" [taillabel="eth0", headlabel="1"];');
  t.equal(lines[8], '}');
});

t.test('svg: one file, the same every time, all devices inside, text escaped', async (t) => {
  const topology = loadTopology(shippedTopology('mini-internet'));
  const svg = graphOf(topology, 'svg');
  t.equal(graphOf(topology, 'svg'), svg);
  for (const name of topology.devices.keys()) t.match(svg, `>${name}</text>`);
  t.notMatch(svg, /NaN|undefined|href|<script/);
  t.equal(svg.match(/<g /g)?.length, svg.match(/<\/g>/g)?.length);
  const hostile = parse('description: "</title><script>&\\u0007"\ndevices: {a: {kind: host, description: "\\"<b>"}}\n');
  const drawn = graphOf(hostile, 'svg');
  t.match(drawn, '&lt;/title&gt;&lt;script&gt;&amp;\ufffd');
  t.match(drawn, '<title>a (host: &quot;&lt;b&gt;)</title>');
  t.notMatch(drawn, '<script');
});

t.test('svg of what is small, in parts, or doubly linked', async (t) => {
  t.notMatch(graphOf(parse('devices: {a: switch}\n'), 'svg'), /NaN|Infinity/);
  t.notMatch(graphOf(parse('devices: {a: host, b: host, c: hub}\nlinks: [a -- b]\n'), 'svg'), /NaN|Infinity/);
  const twice = graphOf(parse('devices: {a: host, b: host}\nlinks: [a -- b, a -- b]\n'), 'svg');
  const ways = twice.match(/ d="M[^"]*Q[^"]*"/g);
  t.equal(ways?.length, 2);
  t.not(ways?.[0], ways?.[1], 'two links are two lines');
});

t.test('the layout keeps linked devices near and all others apart', async (t) => {
  for (const spec of ['linear,5', 'star,12', 'tree,3,3', 'ring,8']) {
    const topology = generateTopology(spec);
    const names = [...topology.devices.keys()];
    const edges = topology.links.map(
      ({ left, right }) => [names.indexOf(left.device), names.indexOf(right.device)] as const,
    );
    const points = layOut(names.length, edges);
    const distance = (a: number, b: number) => Math.hypot(points[a].x - points[b].x, points[a].y - points[b].y);
    const linked = edges.map(([a, b]) => distance(a, b));
    t.ok(
      Math.max(...linked) < 1.8 && Math.min(...linked) > 0.4,
      `${spec}: ${Math.min(...linked)} ${Math.max(...linked)}`,
    );
    let nearest = Number.POSITIVE_INFINITY;
    for (let a = 0; a < names.length; a++) for (let b = 0; b < a; b++) nearest = Math.min(nearest, distance(a, b));
    t.ok(nearest > 0.25, `${spec}: ${nearest}`);
  }
});
