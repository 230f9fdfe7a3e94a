/** The picture of a topology: a file of its own, without scripts, fonts or links to elsewhere. */
import { deviceLines, externalLines, linkLabel, subnetLabel } from './graph.js';
import { layOut, type Point } from './layout.js';
import type { Topology, TopologyDevice, TopologyLink } from './model.js';

/** Pixels between two linked devices that stand beside each other, and above each other. */
const LINK_WIDTH = 150;
const LINK_HEIGHT = 125;
const MARGIN = 70;
const FOOTER = 46;
const RADIUS = 22;

const COLOURS: Readonly<Record<TopologyDevice['kind'], { readonly fill: string; readonly stroke: string }>> = {
  host: { fill: '#e3f0ff', stroke: '#2f6fb3' },
  switch: { fill: '#e5f5e8', stroke: '#3a8a4d' },
  hub: { fill: '#f3f1e4', stroke: '#8a7f3a' },
  router: { fill: '#fdeede', stroke: '#c0762b' },
  'dns-server': { fill: '#f1e8fb', stroke: '#7d52b0' },
};

/** Drawn around 0,0 within ±RADIUS, in strokes of the kind's colour. */
const ICONS: Readonly<Record<TopologyDevice['kind'], string>> = {
  host: '<rect x="-20" y="-17" width="40" height="27" rx="4"/><path d="M-9 18H9M0 10V18" fill="none"/>',
  switch:
    '<rect x="-22" y="-14" width="44" height="28" rx="4"/>' +
    '<path d="M-13-4H13M8-8.500 13-4 8 .500M13 6H-13M-8 1.500-13 6-8 10.500" fill="none"/>',
  hub: '<rect x="-22" y="-14" width="44" height="28" rx="4"/><path d="M-13 0H13M0-8V8M-9-6 9 6M-9 6 9-6" fill="none"/>',
  router: '<circle r="21"/><path d="M-12-4H0M-4-8 0-4-4 0M12 4H0M4 0 0 4 4 8M-4 13V6M4-13V-6" fill="none"/>',
  'dns-server':
    '<path d="M-17-13V13C-17 21 17 21 17 13V-13"/><ellipse cy="-13" rx="17" ry="6"/>' +
    '<text class="mark" y="10">DNS</text>',
};

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1d2733; text-anchor: middle }
  .name { font-weight: 600; font-size: 13px }
  .fine { font-size: 10.5px; fill: #5a6675 }
  .halo { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round }
  .title { font-size: 14px; font-weight: 600; text-anchor: start }
  .subtitle { text-anchor: start; fill: #5a6675 }
  .mark { font-size: 10px; font-weight: 700; stroke: none; fill: #7d52b0 }
  .link { stroke: #93a1b1; stroke-width: 2; fill: none }
  .icon { stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }`;

export function svgGraph(topology: Topology): string {
  const devices = [...topology.devices.values()];
  const index = new Map(devices.map((device, i) => [device.name, i]));
  // What is not ours stands behind the devices.
  const externals = topology.links.filter(({ external }) => external !== undefined);
  const ends = (link: TopologyLink) => {
    const far = externals.indexOf(link);
    return [index.get(link.left.device)!, far < 0 ? index.get(link.right.device)! : devices.length + far] as const;
  };
  const placed = layOut(devices.length + externals.length, topology.links.map(ends));
  const minX = Math.min(...placed.map(({ x }) => x));
  const minY = Math.min(...placed.map(({ y }) => y));
  const points = placed.map(({ x, y }) => ({
    x: Math.round((x - minX) * LINK_WIDTH + MARGIN),
    y: Math.round((y - minY) * LINK_HEIGHT + MARGIN),
  }));
  const title = topology.description ?? '';
  const titleWidth = 20 + Math.max(topology.name.length * 9, title.length * 7);
  const width = Math.max(titleWidth, Math.max(...points.map(({ x }) => x)) + MARGIN);
  const height = Math.max(...points.map(({ y }) => y)) + MARGIN + FOOTER;
  const lines = topology.links.map((link) => linkLine(topology, link, ends(link), points));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeText(`${topology.name}${title === '' ? '' : `: ${title}`}`)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...lines.map(({ line }) => line),
    ...lines.map(({ labels }) => labels).filter(Boolean),
    ...devices.map((device, i) => deviceGroup(topology, device, points[i])),
    ...externals.map((link, i) => externalGroup(link, points[devices.length + i])),
    `<text class="title" x="20" y="${height - 30}">${escapeText(topology.name)}</text>`,
    `<text class="subtitle" x="20" y="${height - 13}">${escapeText(title)}</text>`,
    '</svg>\n',
  ].join('\n');
}

function linkLine(
  topology: Topology,
  link: TopologyLink,
  [a, b]: readonly [number, number],
  points: readonly Point[],
): { line: string; labels: string } {
  const from = points[a];
  const to = points[b];
  const bend = bendOf(topology, link);
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const control = {
    x: Math.round(middle.x - ((to.y - from.y) / length) * bend),
    y: Math.round(middle.y + ((to.x - from.x) / length) * bend),
  };
  const way = bend === 0 ? `L${to.x} ${to.y}` : `Q${control.x} ${control.y} ${to.x} ${to.y}`;
  const line = `<path class="link" d="M${from.x} ${from.y}${way}"><title>${escapeText(link.name)}</title></path>`;
  // A network that no switch stands for has its subnet written on the link.
  const network = topology.networks.find(({ links, bridges }) => bridges.length === 0 && links.includes(link));
  const texts = [linkLabel(link), network === undefined ? '' : subnetLabel(network)].filter(Boolean);
  const at = { x: Math.round((middle.x + control.x) / 2), y: Math.round((middle.y + control.y) / 2) };
  const labels = texts.map(
    (text, i) => `<text class="fine halo" x="${at.x}" y="${at.y + 4 + i * 13}">${escapeText(text)}</text>`,
  );
  return { line, labels: labels.join('') };
}

/** Several links between the same two devices are drawn as arcs beside each other. */
function bendOf(topology: Topology, link: TopologyLink): number {
  const pair = (one: TopologyLink) => [one.left.device, one.right.device].sort().join(' ');
  const parallel = topology.links.filter((other) => pair(other) === pair(link));
  const side = link.left.device <= link.right.device ? 1 : -1;
  return Math.round((parallel.indexOf(link) - (parallel.length - 1) / 2) * 50) * side;
}

function deviceGroup(topology: Topology, device: TopologyDevice, at: Point): string {
  const { fill, stroke } = COLOURS[device.kind];
  const network = topology.networks.find(({ bridges }) => bridges[0] === device.name);
  const fine = network === undefined ? hostLines(topology, device) : [subnetLabel(network)].filter(Boolean);
  const texts = fine.map((text, i) => `<text class="fine halo" y="${RADIUS + 30 + i * 13}">${escapeText(text)}</text>`);
  const about = device.description === undefined ? device.kind : `${device.kind}: ${device.description}`;
  return (
    `<g transform="translate(${at.x} ${at.y})"><title>${escapeText(`${device.name} (${about})`)}</title>` +
    `<g class="icon" fill="${fill}" stroke="${stroke}">${ICONS[device.kind]}</g>` +
    `<text class="name halo" y="${RADIUS + 16}">${escapeText(device.name)}</text>${texts.join('')}</g>`
  );
}

function externalGroup(link: TopologyLink, at: Point): string {
  const [name, ...fine] = externalLines(link);
  const texts = fine.map((text, i) => `<text class="fine halo" y="${RADIUS + 30 + i * 13}">${escapeText(text)}</text>`);
  return (
    `<g transform="translate(${at.x} ${at.y})"><title>${escapeText(`${name} (external)`)}</title>` +
    '<g class="icon" fill="#fff" stroke="#66717d" stroke-dasharray="5 4"><rect x="-20" y="-16" width="40" height="32" rx="6"/></g>' +
    `<text class="name halo" y="${RADIUS + 16}">${escapeText(name)}</text>${texts.join('')}</g>`
  );
}

/** A router's many addresses would bury the picture; their networks are labelled anyway. */
function hostLines(topology: Topology, device: TopologyDevice): string[] {
  if (device.kind === 'router' && topology.devices.size > 4) return [];
  return deviceLines(device).map((line) => line.replace(/\/\d+/g, ''));
}

function escapeText(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(NOT_XML, '\ufffd');
}

/** XML 1.0 section 2.2: these may not be written, not even escaped. */
const NOT_XML =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
