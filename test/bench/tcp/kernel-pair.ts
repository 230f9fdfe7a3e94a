/** Two Linux machines as far as TCP can tell: network namespaces that end with the programs in them, whatever happens. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Measured, Outside } from './cells.js';

const PROGRAM = 'test/bench/tcp/kernel-end.py';
/** Beyond the time that a transfer is to take. */
const PATIENCE_MS = 30_000;
/** Pairs of outer networks, 10.200.N.0/30. */
const NETWORKS = 250;

export type KernelCongestionControl = 'reno' | 'cubic' | 'bbr';

interface End {
  readonly process: ChildProcess;
  readonly outside: Outside;
  readonly lines: AsyncIterator<string>;
}

let ends = 0;

export class KernelPair {
  private static readonly open = new Set<KernelPair>();
  private readonly seconds: number;
  private readonly all: End[] = [];

  private constructor(seconds: number) {
    this.seconds = seconds;
  }

  /** Both namespaces, with their cables to this one; there is no lab yet. */
  static async create(congestion: KernelCongestionControl, seconds: number): Promise<KernelPair> {
    const pair = new KernelPair(seconds);
    KernelPair.open.add(pair);
    for (const role of ['send', 'receive']) await pair.add(role, congestion);
    return pair;
  }

  static closeAll(): void {
    for (const pair of KernelPair.open) pair.close();
  }

  /** For the topology: the sender's, the receiver's. */
  get outsides(): readonly [Outside, Outside] {
    return [this.all[0].outside, this.all[1].outside];
  }

  /** What the receiver's program got from the connection on. */
  async transfer(): Promise<Measured> {
    const [sender, receiver] = this.all;
    const limit = setTimeout(() => this.close(), this.seconds * 1000 + PATIENCE_MS);
    receiver.process.stdin?.write('start\n');
    sender.process.stdin?.write('start 10.0.0.102\n');
    const [bytes, seconds] = (await heard(receiver)).split(' ').map(Number);
    const rttMs = Number(await heard(sender));
    clearTimeout(limit);
    return { rate: (bytes * 8) / seconds, rttMs };
  }

  /** What is in the namespaces goes with them. */
  close(): void {
    KernelPair.open.delete(this);
    for (const { process } of this.all) process.kill('SIGKILL');
  }

  private async add(role: string, congestion: KernelCongestionControl): Promise<void> {
    const number = ends++;
    const network = `10.200.${number % NETWORKS}`;
    const outside = { vni: number, local: `${network}.1`, remote: `${network}.2` };
    const address = role === 'send' ? '10.0.0.101/24' : '10.0.0.102/24';
    const words = [role, address, outside.remote, outside.local, String(outside.vni), congestion, String(this.seconds)];
    const process = spawn('unshare', ['--net', 'python3', PROGRAM, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    const end = { process, outside, lines: createInterface({ input: process.stdout })[Symbol.asyncIterator]() };
    this.all.push(end);
    await heard(end);
    const wire = `bench${number}`;
    // Room for the 50 bytes of the tunnel around the largest packet.
    const veth = [wire, 'mtu', '1600', 'type', 'veth', 'peer', 'name', 'wire', 'mtu', '1600', 'netns'];
    execFileSync('ip', ['link', 'add', ...veth, String(process.pid)]);
    execFileSync('ip', ['addr', 'add', `${outside.local}/30`, 'dev', wire]);
    execFileSync('ip', ['link', 'set', wire, 'up']);
    process.stdin?.write('configure\n');
    await heard(end);
  }
}

async function heard({ lines, process }: End): Promise<string> {
  const { value, done } = await lines.next();
  if (!done) return value;
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  throw new Error(`the kernel's end of the transfer has ended: ${process.exitCode ?? process.signalCode}`);
}
