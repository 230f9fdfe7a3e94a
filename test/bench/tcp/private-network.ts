/** The machine's network stays as it is: the benchmark moves into a network namespace of its own, which goes with it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';

const MARK = 'NETARIUM_BENCH_NETWORK';
const TOOLS: readonly (readonly string[])[] = [
  ['unshare', '--version'],
  ['ip', '-Version'],
  ['ethtool', '--version'],
  ['python3', '--version'],
];

/** Why the kernel's TCP cannot be measured here; undefined when it can. */
export function lackForKernel(): string | undefined {
  if (process.platform !== 'linux') return 'it is not Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = TOOLS.filter(([tool, ...words]) => spawnSync(tool, words).error !== undefined).map(([tool]) => tool);
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

/** Runs this program again in a namespace of its own, and ends with it. Returns in there. */
export async function enterPrivateNetwork(): Promise<void> {
  if (process.env[MARK] !== undefined) {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    return;
  }
  const again = spawn('unshare', ['--net', process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: 'own' },
  });
  // A terminal tells both; whoever tells only this one means both.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => again.kill('SIGTERM'));
  const status = await new Promise<number>((resolve) => again.once('close', (code) => resolve(code ?? 1)));
  process.exit(status);
}
