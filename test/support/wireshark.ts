/** Wireshark, compiled to WebAssembly, as the judge of capture files. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Frame, ProtoTree, Vector, WiregasmLib, WiregasmLibOverrides } from '@goodtools/wiregasm';

const require = createRequire(import.meta.url);

/** Everything that Wireshark can check about a frame and does not by default. */
const CHECKS = [
  ['eth', 'fcs'],
  ['eth', 'check_fcs'],
  ['ip', 'check_checksum'],
  ['tcp', 'check_checksum'],
  ['udp', 'check_checksum'],
] as const;

export interface JudgedFrame {
  /** Protocol and summary as in Wireshark's list of packets. */
  readonly protocol: string;
  readonly info: string;
  /** The lines of the whole protocol tree. */
  readonly labels: readonly string[];
}

function items<T>(vector: Vector<T>): T[] {
  return Array.from({ length: vector.size() }, (_, index) => vector.get(index));
}

function labelsOf(tree: Vector<ProtoTree>): string[] {
  return items(tree).flatMap((node) => [node.label, ...labelsOf(node.tree)]);
}

export class Wireshark {
  private readonly lib: WiregasmLib;
  private files = 0;
  private session: { delete(): void } | undefined;

  private constructor(lib: WiregasmLib) {
    this.lib = lib;
  }

  /** Takes about a second. */
  static async start(): Promise<Wireshark> {
    const program = require.resolve('@goodtools/wiregasm/dist/wiregasm.js');
    const load = require(program) as (overrides: WiregasmLibOverrides) => Promise<WiregasmLib>;
    const quiet = { print: () => {}, printErr: () => {}, handleStatus: () => {} };
    const lib = await load({ locateFile: (path) => join(dirname(program), path), ...quiet });
    if (!lib.init()) throw new Error('Wireshark does not start');
    for (const [module, name] of CHECKS) {
      const { code, error } = lib.setPref(module, name, 'TRUE');
      if (Number(code) !== 0) throw new Error(`Wireshark has no preference ${module}.${name}: ${error}`);
    }
    lib.applyPreferences();
    return new Wireshark(lib);
  }

  /** What Wireshark finds wrong with a display filter; empty for a sound one. */
  complaintAbout(filter: string): string {
    const { ok, error } = this.lib.checkFilter(filter);
    return ok ? '' : error || 'refused';
  }

  /**
   * All frames of a capture file, of which `filter` (a display filter) lists those that match; throws when Wireshark
   * cannot read the file. Ask before the next file is judged.
   */
  judge(file: Uint8Array): { frames: JudgedFrame[]; matching(filter: string): number[] } {
    this.session?.delete();
    const path = `/uploads/${++this.files}.pcapng`;
    this.lib.FS.writeFile(path, file);
    const session = new this.lib.DissectSession(path);
    this.session = session;
    const { code, error, summary } = session.load();
    if (code !== 0) throw new Error(`Wireshark cannot read the file: ${error}`);
    const rows = items(session.getFrames('', 0, 0).frames);
    const frames = Array.from({ length: summary.packet_count }, (_, index): JudgedFrame => {
      const frame: Frame = session.getFrame(index + 1);
      const columns = items(rows[index].columns);
      return {
        protocol: columns[4],
        info: columns[6],
        labels: labelsOf(frame.tree),
      };
    });
    const matching = (filter: string) => items(session.getFrames(filter, 0, 0).frames).map(({ number }) => number);
    return { frames, matching };
  }
}
