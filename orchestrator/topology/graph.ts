/** Drawings of a topology: text for Mermaid and Graphviz, and a picture of our own. */
import { formatPeer } from '../../devices/control.js';
import { formatCidr } from '../../devices/stack/wire/address.js';
import { isBridge, type Network, type Topology, type TopologyDevice, type TopologyLink } from './model.js';
import { svgGraph } from './svg.js';
import { formatDuration, formatRate } from './units.js';

export const GRAPH_FORMATS = ['mermaid', 'dot', 'svg'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

export function graphOf(topology: Topology, format: GraphFormat): string {
  if (format === 'svg') return svgGraph(topology);
  return format === 'dot' ? dotGraph(topology) : mermaidGraph(topology);
}

/** What stands below a device's name: its addresses, or what it is. */
export function deviceLines(device: TopologyDevice): string[] {
  if (isBridge(device.kind)) return [];
  return device.ports.map((port) => (port.dhcp ? 'DHCP' : port.addresses.map(formatCidr).join(' '))).filter(Boolean);
}

/** `8ms 1% 10Mbit`: what a link does to frames, where both directions agree; else both. */
export function linkLabel(link: TopologyLink): string {
  const left = impairmentLabel(link.left.impairment);
  const right = impairmentLabel(link.right.impairment);
  return left === right ? left : `${left || '0ms'} / ${right || '0ms'}`;
}

function impairmentLabel(impairment: TopologyLink['left']['impairment']): string {
  const { delayMs, loss, lossModel, rateBps } = impairment ?? {};
  const parts: string[] = [];
  if (delayMs !== undefined) parts.push(formatDuration(delayMs));
  if (loss !== undefined) parts.push(`${Number((loss * 100).toFixed(3))}% loss`);
  if (lossModel !== undefined) parts.push(lossModel.model === 'markov' ? 'Markov loss' : 'Gilbert-Elliott loss');
  if (rateBps !== undefined) parts.push(formatRate(rateBps));
  return parts.join(' ');
}

/** What stands for the far end of a link that is not ours: its name, and where it is when that says more. */
export function externalLines({ external, right }: TopologyLink): string[] {
  if (external === undefined) return [];
  const peer = formatPeer(external);
  return right.device === peer ? [peer] : [right.device, peer];
}

/** The subnets of a network, for the switch or the link that stands for it. */
export function subnetLabel(network: Network): string {
  return network.subnets.map(formatCidr).join(' ');
}

const MERMAID_SHAPES: Readonly<Record<TopologyDevice['kind'], readonly [open: string, close: string]>> = {
  host: ['[', ']'],
  switch: ['[[', ']]'],
  hub: ['[[', ']]'],
  router: ['((', '))'],
  'dns-server': ['[(', ')]'],
};

function mermaidGraph(topology: Topology): string {
  // Names such as `end` and `graph` are words of Mermaid's own: nodes are numbered, names are labels.
  const ids = new Map([...topology.devices.keys()].map((name, i) => [name, `d${i}`]));
  const lines = ['graph LR'];
  for (const device of topology.devices.values()) {
    const [open, close] = MERMAID_SHAPES[device.kind];
    const network = topology.networks.find(({ bridges }) => bridges[0] === device.name);
    const below = network === undefined ? deviceLines(device) : [subnetLabel(network)].filter(Boolean);
    const label = [`<b>${device.name}</b>`, ...below.map(escapeHtml)].join('<br/>');
    lines.push(
      `  ${ids.get(device.name)}${open}"${label}"${close}:::${device.kind === 'dns-server' ? 'dns' : device.kind}`,
    );
  }
  for (const link of topology.links) {
    const label = linkLabel(link);
    const line = label === '' ? '---' : `---|"${escapeHtml(label)}"|`;
    const far = link.external === undefined ? ids.get(link.right.device) : `x${link.index}`;
    if (link.external !== undefined) {
      lines.push(`  ${far}{{"${externalLines(link).map(escapeHtml).join('<br/>')}"}}:::external`);
    }
    lines.push(`  ${ids.get(link.left.device)} ${line} ${far}`);
  }
  lines.push(
    '  classDef host fill:#e3f0ff,stroke:#2f6fb3,color:#10243a',
    '  classDef switch fill:#e5f5e8,stroke:#3a8a4d,color:#12301a',
    '  classDef hub fill:#f3f1e4,stroke:#8a7f3a,color:#302c12',
    '  classDef router fill:#fdeede,stroke:#c0762b,color:#3d2408',
    '  classDef dns fill:#f1e8fb,stroke:#7d52b0,color:#26143a',
  );
  if (topology.links.some(({ external }) => external !== undefined)) {
    lines.push('  classDef external fill:#fff,stroke:#66717d,color:#1d2733,stroke-dasharray:5 4');
  }
  return `${lines.join('\n')}\n`;
}

const DOT_STYLES: Readonly<Record<TopologyDevice['kind'], string>> = {
  host: 'shape=box, style="rounded,filled", fillcolor="#e3f0ff", color="#2f6fb3"',
  switch: 'shape=box, style=filled, fillcolor="#e5f5e8", color="#3a8a4d"',
  hub: 'shape=box, style=filled, fillcolor="#f3f1e4", color="#8a7f3a"',
  router: 'shape=ellipse, style=filled, fillcolor="#fdeede", color="#c0762b"',
  'dns-server': 'shape=cylinder, style=filled, fillcolor="#f1e8fb", color="#7d52b0"',
};

function dotGraph(topology: Topology): string {
  const lines = [
    `graph ${quote(topology.name)} {`,
    '  node [fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=10];',
  ];
  for (const device of topology.devices.values()) {
    const label = quote([device.name, ...deviceLines(device)].join('\n'));
    lines.push(`  ${quote(device.name)} [label=${label}, ${DOT_STYLES[device.kind]}];`);
  }
  for (const link of topology.links) {
    const label = linkLabel(link);
    const attributes = [
      `taillabel=${quote(link.left.port)}`,
      `headlabel=${quote(link.right.port)}`,
      ...(label === '' ? [] : [`label=${quote(label)}`]),
    ];
    const far = quote(link.external === undefined ? link.right.device : `external ${link.index}`);
    if (link.external !== undefined) {
      lines.push(
        `  ${far} [label=${quote(externalLines(link).join('\n'))}, shape=box, style=dashed, color="#66717d"];`,
      );
    }
    lines.push(`  ${quote(link.left.device)} -- ${far} [${attributes.join(', ')}];`);
  }
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
