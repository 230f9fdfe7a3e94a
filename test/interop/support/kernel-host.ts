/**
 * A Linux host as a station of a lab: a network namespace with an `eth0` that is a vxlan tunnel. The lab runs in a
 * namespace of its own, which a veth pair joins to the host's: no address and no port of this machine is used.
 *
 *     namespace nt<pid>-1-lab: the lab, 10.200.7.1 ── veth ── 10.200.7.2, eth0: namespace nt<pid>-1-pc
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { TOOL_PATH } from './needs.js';
import { type RunningTool, runTool, startTool, type ToolOptions, type ToolRun } from './tool.js';

const LAB_END = '10.200.7.1';
const HOST_END = '10.200.7.2';
const PORT = 4790;
const VNI = 42;

/** `$0` is the file with the host's resolvers: what `ip netns exec` runs has a mount table of its own. */
const WITH_OWN_RESOLVERS = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

/** Called by udhcpc with an event and, in variables, the lease. */
const DHCP_SCRIPT = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
for gateway in $router; do ip route add default via "$gateway"; done
{
  [ -z "$domain" ] || echo "search $domain"
  for server in $dns; do echo "nameserver $server"; done
} > "$RESOLVERS"
echo "bound ip=$ip mask=$mask router=$router dns=$dns domain=$domain lease=$lease server=$serverid"
`;

let opened = 0;

function ip(...argv: string[]): void {
  execFileSync('ip', argv, { env: { PATH: TOOL_PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
}

export class KernelHost {
  /** A folder for what the tools read and write. Goes with the host. */
  readonly folder = mkdtempSync(join(tmpdir(), 'nt-'));
  /** What comes after `attach DEVICE`, or as `external:` in a topology, to plug the host in. */
  readonly attachOptions = [
    ...['--encap', 'vxlan', '--vni', String(VNI)],
    ...['--local', `${LAB_END}:${PORT}`, '--remote', `${HOST_END}:${PORT}`],
  ];
  readonly external = `{encap: vxlan, vni: ${VNI}, local: ${LAB_END}:${PORT}, remote: ${HOST_END}:${PORT}}`;
  /** The beginning of command lines that run where the lab is. */
  readonly labLauncher: readonly string[];
  private readonly names: { readonly lab: string; readonly host: string };
  private readonly resolvers = join(this.folder, 'resolv.conf');
  private readonly dhcpScript = join(this.folder, 'dhcp-script');

  private constructor() {
    opened += 1;
    const name = `nt${process.pid}-${opened}`;
    this.names = { lab: `${name}-lab`, host: `${name}-pc` };
    this.labLauncher = ['ip', 'netns', 'exec', this.names.lab];
  }

  /** Makes both namespaces; they go with the test. Open the host before the lab: what came last is taken down first. */
  static open(t: Test): KernelHost {
    removeAbandoned();
    const host = new KernelHost();
    process.once('exit', host.close);
    // A signal would end the process without an exit.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
    t.teardown(host.close);
    const { lab, host: pc } = host.names;
    for (const name of [lab, pc]) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    // Room for 50 bytes around the largest packet: else the kernel learns on its first one that the path takes 1450.
    const wire = ['wire', 'mtu', '1600', 'type', 'veth'];
    ip('-n', lab, 'link', 'add', ...wire, 'peer', 'name', 'wire', 'mtu', '1600', 'netns', pc);
    ip('-n', lab, 'addr', 'add', `${LAB_END}/30`, 'dev', 'wire');
    ip('-n', lab, 'link', 'set', 'wire', 'up');
    ip('-n', pc, 'addr', 'add', `${HOST_END}/30`, 'dev', 'wire');
    ip('-n', pc, 'link', 'set', 'wire', 'up');
    const tunnel = ['id', String(VNI), 'local', HOST_END, 'remote', LAB_END, 'dstport', String(PORT)];
    ip('-n', pc, 'link', 'add', 'eth0', 'type', 'vxlan', ...tunnel);
    // Nobody in the lab completes a checksum that the kernel leaves to hardware.
    execFileSync('ip', ['netns', 'exec', pc, 'ethtool', '-K', 'eth0', 'tx', 'off'], { env: { PATH: TOOL_PATH } });
    ip('-n', pc, 'link', 'set', 'eth0', 'mtu', '1500', 'up');
    writeFileSync(host.resolvers, '');
    writeFileSync(host.dhcpScript, DHCP_SCRIPT, { mode: 0o755 });
    return host;
  }

  run(argv: readonly string[], options?: ToolOptions): Promise<ToolRun> {
    return runTool(this.launch(argv), options);
  }

  /** What is still running at the host's end is killed. */
  start(argv: readonly string[], options?: ToolOptions): RunningTool {
    return startTool(this.launch(argv), options);
  }

  /** Fixed addresses, instead of {@link dhcp}. */
  configure(address: string, gateway?: string, nameserver?: string): void {
    ip('-n', this.names.host, 'addr', 'add', address, 'dev', 'eth0');
    if (gateway !== undefined) ip('-n', this.names.host, 'route', 'add', 'default', 'via', gateway);
    if (nameserver !== undefined) writeFileSync(this.resolvers, `nameserver ${nameserver}\n`);
  }

  /** Asks for an address and takes what it is offered. Standard output says what that is. */
  dhcp(): Promise<ToolRun> {
    const client = ['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', this.dhcpScript];
    return this.run(client, { environment: { RESOLVERS: this.resolvers } });
  }

  /** Datagrams of tunnels that found no room in the buffer of their socket, since the namespaces are there. */
  socketOverflows(): number {
    return Object.values(this.names).reduce((sum, name) => sum + overflowsIn(name), 0);
  }

  private launch(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.names.host, 'sh', '-c', WITH_OWN_RESOLVERS, this.resolvers, ...argv];
  }

  /** Ends what runs in the namespaces, by its number, and removes them. Also at the end of a test file that threw. */
  readonly close = (): void => {
    process.removeListener('exit', this.close);
    for (const name of Object.values(this.names)) removeNamespace(name);
    rmSync(this.folder, { recursive: true, force: true });
  };
}

/** The kernel's own count, RcvbufErrors of RFC 1213's table of UDP. */
function overflowsIn(namespace: string): number {
  const argv = ['netns', 'exec', namespace, 'cat', '/proc/net/snmp'];
  const table = execFileSync('ip', argv, { env: { PATH: TOOL_PATH }, encoding: 'utf8' });
  const [titles, values] = table.split('\n').filter((line) => line.startsWith('Udp:'));
  const column = titles.split(' ').indexOf('RcvbufErrors');
  if (column < 0) throw new Error('/proc/net/snmp has no RcvbufErrors');
  return Number(values.split(' ')[column]);
}

function removeNamespace(name: string): void {
  for (const pid of processesIn(name)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended meanwhile.
    }
  }
  try {
    ip('netns', 'del', name);
  } catch {
    // It was never made.
  }
}

/** What a test process has left that was killed: its number is in the names. */
function removeAbandoned(): void {
  const listing = execFileSync('ip', ['netns', 'list'], { env: { PATH: TOOL_PATH }, encoding: 'utf8' });
  for (const [name, pid] of listing.matchAll(/^nt(\d+)-\d+-(?:lab|pc)\b/gm)) {
    if (!existsSync(`/proc/${pid}`)) removeNamespace(name);
  }
}

function processesIn(namespace: string): number[] {
  try {
    const listing = execFileSync('ip', ['netns', 'pids', namespace], {
      env: { PATH: TOOL_PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return String(listing).split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
