/** A command of a machine in a {@link DnsNet}, run to its end. */
import type { Command } from '../../../devices/apps/commands/command.js';
import type { DnsNet } from './dns-net.js';

async function* nothing(): AsyncGenerator<string> {}

export async function runCommand(
  net: DnsNet,
  command: Command,
  line: string,
  signal = new AbortController().signal,
): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const status = await net.until(
    command.run(line.split(' '), {
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      stdin: nothing(),
      signal,
      drained: async () => {},
      columns: 80,
    }),
  );
  return { status, stdout, stderr };
}
