/**
 * Tests with tools that are not ours. Where one is missing the test is skipped and says which; `make interop`, which has
 * installed them all, sets NETARIUM_INTEROP=required, and there it fails.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';

/** Debian keeps the tools of the administrator outside of what a user's PATH may have. */
export const TOOL_PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Many processes on a busy machine. What moves much data is watched for progress, and may take its time. */
export const LIMIT_MS = 3_600_000;

export interface Needs {
  readonly tools: readonly string[];
  /** For network namespaces. */
  readonly root?: boolean;
}

/** Like `t.test`, when everything is there. */
export function interopTest(name: string, needs: Needs, body: (t: Test) => Promise<void>): Promise<unknown> {
  t.setTimeout(LIMIT_MS);
  const lacking = lackOf(needs);
  if (lacking === undefined) return t.test(name, body);
  if (process.env.NETARIUM_INTEROP !== 'required') return t.test(name, { skip: lacking }, body);
  return t.test(name, async (t) => {
    t.fail(`this test cannot run: ${lacking}`);
  });
}

function lackOf({ tools, root = false }: Needs): string | undefined {
  if (root && process.platform !== 'linux') return 'network namespaces are of Linux';
  if (root && process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = tools.filter((tool) => !isInstalled(tool));
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`;
}

function isInstalled(tool: string): boolean {
  return TOOL_PATH.split(':').some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
