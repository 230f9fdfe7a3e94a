/** VPCS, GNS3's virtual PC, and its prompt. It wants a terminal, which script(1) makes. */
import type { Test } from 'tap';
import { waitFor } from '../../e2e/netarium.js';
import { type RunningTool, startTool } from './tool.js';

const PROMPT = /VPCS> $/;
/** It waits for lost answers by itself, a second or two each. */
const ANSWER_LIMIT_MS = 120_000;

export class Vpcs {
  private readonly running: RunningTool;
  private text = '';

  private constructor(running: RunningTool) {
    this.running = running;
    running.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
    });
  }

  /** A PC behind the UDP port `local` of this machine, whose cable ends at `remote`. It ends with the test. */
  static async start(t: Test, local: number, remote: number): Promise<Vpcs> {
    const command = `exec vpcs -i 1 -s ${local} -c ${remote} -t 127.0.0.1 -m 10`;
    const running = startTool(['script', '-qefc', command, '/dev/null'], { openInput: true });
    const vpcs = new Vpcs(running);
    t.teardown(async () => {
      running.stdin?.end('quit\n');
      await running;
    });
    await vpcs.answer();
    return vpcs;
  }

  /** Types a command. Resolves with what is printed until the next prompt. */
  async type(command: string): Promise<string> {
    this.text = '';
    this.running.stdin?.write(`${command}\n`);
    return this.answer();
  }

  private async answer(): Promise<string> {
    await waitFor('the prompt of VPCS', () => PROMPT.test(this.text), ANSWER_LIMIT_MS);
    return this.text.replaceAll('\r', '');
  }
}
