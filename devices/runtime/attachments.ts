/**
 * The cables of a running device: those that its config plugs in before anything starts, and those that people plug in
 * and out meanwhile. A cable that cannot be had changes nothing.
 */
import { createHash } from 'node:crypto';
import type { Logger, Machine } from '../apps/machine.js';
import {
  type AttachedPort,
  collide,
  type DeviceConfig,
  formatEndpoint,
  formatPeer,
  invalidParams,
  type RpcParams,
  refuse,
  type TunnelConfig,
  tunnelOfRequest,
  type UdpEndpoint,
} from '../control.js';
import type { Port } from '../stack/link/port.js';
import { AttachedFile } from './attached-file.js';
import { type PacketReceiver, Tunnel } from './tunnel.js';

/** More than any machine has; each is a socket. */
const MAX_PORTS = 1024;

export interface AttachmentContext {
  readonly config: DeviceConfig;
  readonly machine: Machine;
  readonly log: Logger;
  /** Takes the packets that come in. */
  readonly onPacket: PacketReceiver;
}

export class Attachments {
  /** Who wants to know of ports that come and go while the device runs: captures. */
  onAttached: (port: Port) => void = () => {};
  onDetached: (port: Port) => void = () => {};
  private readonly context: AttachmentContext;
  /** Of all ports that have a cable. */
  private readonly tunnels = new Map<Port, Tunnel>();
  /** Ports that were attached; only these can be detached. */
  private readonly attached = new Map<Port, AttachedPort>();
  private readonly file: AttachedFile | undefined;
  /** What cannot be had now stays in the file, for the next time. */
  private restoring = false;
  private closed = false;

  constructor(context: AttachmentContext) {
    this.context = context;
    const { attachedFile } = context.config;
    this.file = attachedFile === undefined ? undefined : new AttachedFile(attachedFile);
  }

  /** Plugs in what the config says. Rejects, naming the port, when one cable cannot be had. */
  async open(): Promise<void> {
    const { config, machine } = this.context;
    await Promise.all(
      machine.ports.map(async (port, index) => {
        const { tunnel } = config.ports[index];
        if (tunnel === undefined) return;
        const bound = await bind(tunnel).catch((error: Error) => {
          throw new Error(`port ${port.name}: ${error.message}`);
        });
        this.plug(port, bound);
      }),
    );
    await this.reattach();
  }

  /** What was attached in the device's former life. A cable that cannot be had any more is missing, and said to be. */
  private async reattach(): Promise<void> {
    const { log } = this.context;
    this.restoring = true;
    try {
      for (const request of this.file?.read() ?? []) {
        await this.attach({ ...request }).catch((error: Error) => {
          log.error({ port: request.port }, `what was attached before is not attached again: ${error.message}`);
        });
      }
    } catch (error) {
      log.error({ err: error }, 'what was attached before is not known any more');
    }
    this.restoring = false;
  }

  /** The UDP datagrams of a port; undefined for one without a cable. */
  datagrams(portName: string): { readonly datagramsIn: number; readonly datagramsOut: number } | undefined {
    for (const [port, { datagramsIn, datagramsOut }] of this.tunnels) {
      if (port.name === portName) return { datagramsIn, datagramsOut };
    }
    return undefined;
  }

  /** Whether what a port leads to is not ours. */
  isExternal(port: Port): boolean {
    const tunnel = this.tunnels.get(port);
    return tunnel !== undefined && tunnel.config.encapsulation !== 'native';
  }

  /** A new port, with a cable. Rejects with an RpcError that says what is wrong. */
  async attach(params: RpcParams): Promise<AttachedPort> {
    const tunnel = tunnelOfRequest(params);
    if (typeof tunnel === 'string') throw invalidParams(tunnel);
    const wanted = params.port as string | undefined;
    this.chooseName(wanted);
    this.refuseTaken(tunnel.local);
    const bound = await bind(tunnel).catch((error: Error) => {
      throw refuse(error.message);
    });
    try {
      if (this.closed) throw refuse(`${this.context.config.name} is ending`);
      // Once more: somebody else may have been quicker. From here on nothing waits.
      return this.addPort(this.chooseName(wanted), tunnel, bound);
    } catch (error) {
      bound.close();
      throw error;
    }
  }

  /** Takes an attached port away, with its cable and all that the machine knows of it. */
  detach({ port: name }: RpcParams): void {
    const { config, machine, log } = this.context;
    if (typeof name !== 'string') throw invalidParams('detach takes a text `port`');
    const port = machine.ports.find((candidate) => candidate.name === name);
    if (port === undefined || !this.attached.has(port)) {
      const names = [...this.attached.keys()].map((candidate) => candidate.name);
      const rest = names.length === 0 ? 'nothing is attached' : `attached: ${names.join(', ')}`;
      const head = port === undefined ? `${config.name} has no port ${name}` : `port ${name} was not attached`;
      throw refuse(`${head}; ${rest}`);
    }
    this.tunnels.get(port)?.close();
    this.tunnels.delete(port);
    this.attached.delete(port);
    this.keep();
    machine.removePort(port);
    this.onDetached(port);
    log.info({ port: name, link: port.link }, 'detached');
  }

  close(): void {
    this.closed = true;
    for (const tunnel of this.tunnels.values()) tunnel.close();
  }

  private plug(port: Port, tunnel: Tunnel): void {
    this.tunnels.set(port, tunnel);
    tunnel.plugInto(port, this.context.onPacket);
  }

  private addPort(name: string, tunnel: TunnelConfig, bound: Tunnel): AttachedPort {
    const { config, machine, log } = this.context;
    const { encapsulation, local, remote, vni } = tunnel;
    const link = `${config.name}:${name} -- ${formatPeer(tunnel)}`;
    const mac = this.hasMacs ? plannedMac(config, name) : undefined;
    const port = machine.addPort({ name, link, mac });
    const made: AttachedPort = {
      device: config.name,
      port: name,
      link,
      ...(mac !== undefined && { mac }),
      encapsulation: encapsulation as AttachedPort['encapsulation'],
      local: formatEndpoint(local),
      remote: formatEndpoint(remote),
      ...(vni !== undefined && { vni }),
    };
    this.attached.set(port, made);
    this.plug(port, bound);
    this.keep();
    this.onAttached(port);
    log.info({ port: name, link }, 'attached');
    return made;
  }

  /** A disk that is full makes no cable worse. */
  private keep(): void {
    if (this.restoring) return;
    const requests = [...this.attached.values()].map(({ encapsulation, local, remote, vni, port }) => ({
      encapsulation,
      local,
      remote,
      ...(vni !== undefined && { vni }),
      port,
    }));
    try {
      this.file?.write(requests);
    } catch (error) {
      this.context.log.error({ err: error }, 'what is attached will be forgotten when the device is started again');
    }
  }

  private get hasMacs(): boolean {
    const { kind } = this.context.config;
    return kind !== 'switch' && kind !== 'hub';
  }

  /** The name that is wanted, or the first that nobody has. Throws an RpcError. */
  private chooseName(wanted: string | undefined): string {
    const { config, machine } = this.context;
    const taken = new Set(machine.ports.map(({ name }) => name));
    const pattern = this.hasMacs ? /^eth(0|[1-9]\d{0,3})$/ : /^[1-9]\d{0,3}$/;
    if (wanted !== undefined) {
      const example = this.hasMacs ? 'eth0, eth1, …' : '1, 2, …';
      if (!pattern.test(wanted)) throw refuse(`"${wanted}" is no port of a ${config.kind}: they are called ${example}`);
      if (taken.has(wanted)) throw refuse(`${config.name} has a port ${wanted} already`);
    }
    if (taken.size >= MAX_PORTS) throw refuse(`${config.name} has ${MAX_PORTS} ports, more are not possible`);
    if (wanted !== undefined) return wanted;
    const name = (number: number) => (this.hasMacs ? `eth${number}` : String(number));
    let number = this.hasMacs ? 0 : 1;
    while (taken.has(name(number))) number += 1;
    return name(number);
  }

  /** The system would say the same, but not which port it is. */
  private refuseTaken(local: UdpEndpoint): void {
    for (const [port, { config }] of this.tunnels) {
      if (collide(config.local, local)) {
        throw refuse(`UDP ${formatEndpoint(local)} is in use by port ${port.name} of this device`);
      }
    }
  }
}

/** Rejects with an Error that says in words what the system's code means. */
async function bind(config: TunnelConfig): Promise<Tunnel> {
  const tunnel = new Tunnel(config);
  try {
    await tunnel.bind();
    return tunnel;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    const why = faultText(code, config);
    throw new Error(`UDP ${formatEndpoint(config.local)}: ${code}${why === undefined ? '' : `: ${why}`}`);
  }
}

function faultText(code: string, { local, remote }: TunnelConfig): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use';
    case 'EADDRNOTAVAIL':
      return `this machine has no address ${local.address}`;
    case 'EACCES':
      return 'not allowed';
    case 'EINVAL':
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return `${formatEndpoint(remote)} cannot be reached from there`;
    default:
      return undefined;
  }
}

/** 02:…: unicast, locally administered (IEEE 802 section 8.4); the rest is a hash of the names, the same every time. */
function plannedMac({ lab, name }: DeviceConfig, port: string): string {
  const digest = createHash('sha256').update(`${lab}/${name}:${port}`).digest('hex');
  return `02${digest.slice(0, 10)}`.replace(/..(?!$)/g, '$&:');
}
