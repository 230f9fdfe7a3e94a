/** The way links are written: `client:eth0 -- sw1:3`. A port that is left out is the device's next free one. */

export interface Endpoint {
  readonly device: string;
  readonly port?: string;
}

export interface LinkEnds {
  readonly left: Endpoint;
  readonly right: Endpoint;
}

const ENDPOINT = /^([^\s:]+)(?::([^\s:]+))?$/;

/** Undefined when the text is not `DEVICE[:PORT] -- DEVICE[:PORT]`. */
export function parseLink(text: string): LinkEnds | undefined {
  const sides = text.split(/\s+--\s+/);
  if (sides.length !== 2) return undefined;
  const left = parseEndpoint(sides[0]);
  const right = parseEndpoint(sides[1]);
  return left !== undefined && right !== undefined ? { left, right } : undefined;
}

export function parseEndpoint(text: string): Endpoint | undefined {
  const match = ENDPOINT.exec(text.trim());
  if (match === null) return undefined;
  return match[2] === undefined ? { device: match[1] } : { device: match[1], port: match[2] };
}

/** 0 of `eth0`; undefined for any other name. */
export function ethernetIndex(port: string): number | undefined {
  const match = /^eth(0|[1-9]\d{0,3})$/.exec(port);
  return match === null ? undefined : Number(match[1]);
}

/** 1 of `1`; undefined for any other name. Ports of switches and hubs count from 1. */
export function switchPortIndex(port: string): number | undefined {
  return /^[1-9]\d{0,3}$/.test(port) ? Number(port) : undefined;
}
